locals {
  # Events and the functions they wake.
  rules = {
    file-validated = {
      description = "A dropped file is good: start a run of its dataset, unless one is running."
      bus         = var.event_bus.name
      function    = "run_coordinator"
      pattern     = { source = ["cartlake"], detail-type = ["FileValidated"] }
    }
    glue-job-ended = {
      description = "A Glue job ended: if it did not say so itself, tell the run that waits for it."
      bus         = "default"
      function    = "job_events"
      pattern = {
        source      = ["aws.glue"]
        detail-type = ["Glue Job State Change"]
        detail = {
          jobName = sort([for job in var.glue_jobs : job.name])
          state   = ["FAILED", "STOPPED", "SUCCEEDED", "TIMEOUT"]
        }
      }
    }
    query-ended = {
      description = "A query ended: keep what it cost."
      bus         = "default"
      function    = "query_recorder"
      pattern = {
        source      = ["aws.athena"]
        detail-type = ["Athena Query State Change"]
        detail = {
          workgroupName = [var.workgroup.name]
          currentState  = ["CANCELLED", "FAILED", "SUCCEEDED"]
        }
      }
    }
    execution-ended-badly = {
      description = "A run ended badly: whatever it could not tidy up itself is tidied up now."
      bus         = "default"
      function    = "job_events"
      pattern = {
        source      = ["aws.states"]
        detail-type = ["Step Functions Execution Status Change"]
        detail = {
          stateMachineArn = sort(local.machine_arns)
          status          = ["ABORTED", "FAILED", "TIMED_OUT"]
        }
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name           = "${var.name_prefix}-${each.key}"
  description    = each.value.description
  event_bus_name = each.value.bus
  event_pattern  = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule           = aws_cloudwatch_event_rule.this[each.key].name
  event_bus_name = each.value.bus
  target_id      = each.value.function
  arn            = module.function[each.value.function].arn

  dead_letter_config {
    arn = var.events_dlq_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 21600
    maximum_retry_attempts       = 60
  }

  depends_on = [aws_lambda_permission.this]
}

resource "aws_lambda_permission" "this" {
  for_each = local.rules

  statement_id  = "rule-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = module.function[each.value.function].name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[each.key].arn
}
