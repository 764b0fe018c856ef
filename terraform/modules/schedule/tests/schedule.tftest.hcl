mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  shared = {
    name_prefix       = "cartlake-test"
    kms_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q"
  }
  role     = "sweep-scheduler"
  function = { folder = "lake_sweeper", arn = "arn:aws:lambda:eu-west-1:123456789012:function:f" }
  schedules = {
    recent = { expression = "rate(1 hour)", description = "New files.", input = "{\"days\":2}" }
    full   = { expression = "cron(10 2 * * ? *)", description = "All files.", input = "{}" }
  }
}

run "schedules_call_the_function_and_keep_what_failed" {
  command = plan

  assert {
    condition     = { for name, schedule in aws_scheduler_schedule.this : schedule.name => schedule.target[0].input } == { cartlake-test-full = "{}", cartlake-test-recent = "{\"days\":2}" }
    error_message = "Each schedule must send its own event."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.this : schedule.target[0].arn == var.function.arn && schedule.target[0].dead_letter_config[0].arn == var.shared.failure_queue_arn && schedule.schedule_expression_timezone == "UTC"])
    error_message = "A request that is not answered must be kept, and hours are those of UTC."
  }

  # The role may call one function for this account only.
  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].actions == toset(["lambda:InvokeFunction"]) && data.aws_iam_policy_document.this.statement[0].resources == toset([var.function.arn])
    error_message = "The schedules may call one function."
  }

  assert {
    condition     = [for condition in data.aws_iam_policy_document.assume.statement[0].condition : "${condition.variable} ${one(condition.values)}"] == ["aws:SourceAccount 123456789012"]
    error_message = "Another account's schedules must not be able to use the role."
  }
}

run "without_a_schedule_there_is_no_role" {
  command = plan

  variables {
    schedules = {}
  }

  assert {
    condition     = length(aws_scheduler_schedule.this) == 0 && length(aws_iam_role.this) == 0 && length(aws_iam_role_policy.this) == 0
    error_message = "On demand only means no schedule and no role for it."
  }
}

run "rejects_a_time_the_scheduler_cannot_read" {
  command = plan

  variables {
    schedules = { recent = { expression = "every hour", description = "New files.", input = "{}" } }
  }

  expect_failures = [var.schedules]
}

run "rejects_an_event_that_is_not_json" {
  command = plan

  variables {
    schedules = { recent = { expression = "rate(1 hour)", description = "New files.", input = "days=2" } }
  }

  expect_failures = [var.schedules]
}
