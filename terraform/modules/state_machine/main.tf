data "aws_caller_identity" "current" {}

locals {
  name = "${var.name_prefix}-${var.machine}"

  states = jsondecode(file(var.definition_path)).States

  # The functions the machine calls are those its definition names.
  called_functions = { for name, arn in var.function_arns : name => arn if strcontains(file(var.definition_path), "$${${name}_function_arn}") }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is decided per environment; production keeps a year
  # The prefix keeps the log's own resource policy from growing with each machine of the account.
  name              = "/aws/vendedlogs/states/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:what happened is logged, without data: that of waiting tasks holds task tokens, and who reads one can end the task; Step Functions keeps the data for 90 days
  name     = local.name
  role_arn = aws_iam_role.this.arn

  definition = templatefile(var.definition_path, merge(
    { for name, arn in local.called_functions : "${name}_function_arn" => arn },
    { alerts_topic_arn = var.alerts_topic_arn, name_prefix = var.name_prefix },
    var.placeholders,
  ))

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.kms_key_arn
    kms_data_key_reuse_period_seconds = 300
  }

  logging_configuration {
    level                  = "ALL"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  lifecycle {
    precondition {
      condition     = alltrue([for step in var.glue_job.steps : var.glue_job.timeout_minutes * 60 < local.states[step].TimeoutSeconds])
      error_message = "A Glue job may run as long as the step that waits for it: lower timeout_minutes, or a run could be given up while its job still writes."
    }

    postcondition {
      condition     = self.arn == var.arn
      error_message = "The state machine has another ARN than the one its callers were given."
    }
  }

  # Step Functions checks the rights of the role when the machine is made.
  depends_on = [aws_iam_role_policy.this]
}
