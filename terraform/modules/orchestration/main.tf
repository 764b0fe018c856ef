data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # Each machine, and its steps that wait for which Glue job.
  machines = {
    ingest      = { steps = ["Transform", "SupersedeQuarantine"], job = "dataset_etl" }
    maintenance = { steps = ["Maintain"], job = "table_maintenance" }
    refresh     = { steps = ["Rebuild"], job = "table_refresh" }
  }

  # The router starts the machines and the machines call the router: one of the two ARNs has to be known beforehand.
  state_machine_names = { for machine in keys(local.machines) : machine => "${var.name_prefix}-${machine}" }
  state_machine_arns  = { for machine, name in local.state_machine_names : machine => "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${name}" }

  definition_files = { for machine in keys(local.machines) : machine => "${path.module}/../../../state_machines/${machine}.asl.json" }
  definitions      = { for machine, path in local.definition_files : machine => jsondecode(file(path)) }
}

resource "aws_cloudwatch_log_group" "state_machine" {
  for_each = local.machines

  # The prefix keeps the log's own resource policy from growing with each machine of the account.
  name              = "/aws/vendedlogs/states/${local.state_machine_names[each.key]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_sfn_state_machine" "this" {
  for_each = local.machines

  name     = local.state_machine_names[each.key]
  role_arn = aws_iam_role.state_machine[each.key].arn

  definition = templatefile(local.definition_files[each.key], merge(
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
    log_destination        = "${aws_cloudwatch_log_group.state_machine[each.key].arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  lifecycle {
    precondition {
      condition     = alltrue([for step in each.value.steps : var.glue_jobs[each.value.job].timeout_minutes * 60 < local.definitions[each.key].States[step].TimeoutSeconds])
      error_message = "A Glue job may run as long as the step that waits for it: lower timeout_minutes, or a run could be given up while its job still writes."
    }

    postcondition {
      condition     = self.arn == local.state_machine_arns[each.key]
      error_message = "The state machine has another ARN than the one its callers were given."
    }
  }

  # Step Functions checks the rights of the role when the machine is made.
  depends_on = [aws_iam_role_policy.state_machine]
}

resource "aws_cloudwatch_metric_alarm" "executions" {
  for_each = { for pair in setproduct(keys(local.machines), ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"]) : "${pair[0]}-${pair[1]}" => { machine = pair[0], metric = pair[1] } }

  alarm_name          = "${var.name_prefix}-${each.key}"
  alarm_description   = "A run of ${local.state_machine_names[each.value.machine]} did not end well. `lake runs` says which."
  namespace           = "AWS/States"
  metric_name         = each.value.metric
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]

  dimensions = { StateMachineArn = aws_sfn_state_machine.this[each.value.machine].arn }
}
