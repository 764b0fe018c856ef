mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix       = "cartlake-test"
  rule              = "file-validated"
  description       = "A dropped file is good."
  event_bus         = "cartlake-test"
  event             = { source = "cartlake", detail_type = "FileValidated", detail = { dataset = ["orders"] } }
  function          = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
  failure_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q"
}

run "the_pattern_is_the_events_and_nothing_more" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == { source = ["cartlake"], detail-type = ["FileValidated"], detail = { dataset = ["orders"] } }
    error_message = "Only the named events may match."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.event_bus_name == "cartlake-test"
    error_message = "The rule must stand on the bus the event arrives on."
  }

  # No event is lost.
  assert {
    condition     = aws_cloudwatch_event_target.this.dead_letter_config[0].arn == var.failure_queue_arn && aws_cloudwatch_event_target.this.retry_policy[0].maximum_retry_attempts > 0
    error_message = "No event may be lost: retry, then keep it."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.target_id == "run_coordinator" && aws_cloudwatch_event_target.this.arn == var.function.arn
    error_message = "The event must reach the function."
  }

  assert {
    condition     = aws_lambda_permission.this.function_name == var.function.name && aws_lambda_permission.this.qualifier == "live" && aws_lambda_permission.this.principal == "events.amazonaws.com"
    error_message = "The rule must be allowed to call the function."
  }
}

run "any_detail_matches_where_none_is_named" {
  command = plan

  variables {
    event = { source = "cartlake", detail_type = "FileValidated" }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == { source = ["cartlake"], detail-type = ["FileValidated"] }
    error_message = "An empty detail would match nothing."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a field without values.
    event = { source = "cartlake", detail_type = "FileValidated", detail = { dataset = [] } }
    # Rejects a name that is none.
    rule = "File Validated"
  }

  expect_failures = [var.event, var.rule]
}
