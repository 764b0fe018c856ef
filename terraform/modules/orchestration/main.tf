data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # The router starts the machine and the machine calls the router: one of the two ARNs has to be known beforehand.
  state_machine_name = "${var.name_prefix}-ingest"
  state_machine_arn  = "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${local.state_machine_name}"

  definition_file = "${path.module}/../../../state_machines/ingest.asl.json"
  definition      = jsondecode(file(local.definition_file))

  job_timeouts_seconds = {
    Transform = [for dataset in var.datasets : var.glue_jobs[dataset.etl_job].timeout_minutes * 60]
    Marts     = [for dataset in var.datasets : var.glue_jobs[dataset.marts_job].timeout_minutes * 60 if dataset.marts_job != null]
  }
}

resource "aws_cloudwatch_log_group" "state_machine" {
  # The prefix keeps the log's own resource policy from growing with each machine of the account.
  name              = "/aws/vendedlogs/states/${local.state_machine_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_sfn_state_machine" "ingest" {
  name     = local.state_machine_name
  role_arn = aws_iam_role.state_machine.arn

  definition = templatefile(local.definition_file, merge(
    { for name, function in module.function : "${name}_function_arn" => function.arn if contains(local.called_functions, name) },
    {
      alerts_topic_arn = aws_sns_topic.alerts.arn
      database_prefix  = var.database_prefix
      environment      = var.environment
      name_prefix      = var.name_prefix
    },
  ))

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.kms_key_arn
    kms_data_key_reuse_period_seconds = 300
  }

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true # ids and counts only: no row of data passes through the machine
    log_destination        = "${aws_cloudwatch_log_group.state_machine.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  lifecycle {
    precondition {
      condition     = alltrue(flatten([for state, timeouts in local.job_timeouts_seconds : [for seconds in timeouts : seconds < local.definition.States[state].TimeoutSeconds]]))
      error_message = "A Glue job may run as long as the step that waits for it: lower timeout_minutes, or a run could be given up while its job still writes."
    }

    postcondition {
      condition     = self.arn == local.state_machine_arn
      error_message = "The state machine has another ARN than the one its callers were given."
    }
  }

  # Step Functions checks the rights of the role when the machine is made.
  depends_on = [aws_iam_role_policy.state_machine]
}

resource "aws_cloudwatch_metric_alarm" "executions" {
  for_each = toset(["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"])

  alarm_name          = "${local.state_machine_name}-${each.key}"
  alarm_description   = "A run of ${local.state_machine_name} did not end well. `lake runs` says which."
  namespace           = "AWS/States"
  metric_name         = each.key
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]

  dimensions = { StateMachineArn = aws_sfn_state_machine.ingest.arn }
}
