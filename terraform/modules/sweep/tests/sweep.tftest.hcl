mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
    event_bus             = "cartlake-test"
    grants = {
      UseLedger       = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/index/by_state"] }
      RememberStarts  = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"] }
      Announce        = { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test"] }
    }
  }
  raw_bucket       = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
  incoming_queue   = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/cartlake-test-incoming", arn = "arn:aws:sqs:eu-west-1:123456789012:cartlake-test-incoming" }
  coordinator      = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
  run_recorder_arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-recorder:live"
  state_machine_arns = {
    ingest      = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"
    forecast    = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-forecast"
    maintenance = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-maintenance"
    refresh     = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh"
  }
}

run "the_sweep_is_asked_for_every_hour_and_every_night" {
  command = plan

  assert {
    condition = module.schedule.calls == {
      sweep-full   = { expression = "cron(10 2 * * ? *)", input = jsonencode({}) }
      sweep-recent = { expression = "rate(1 hour)", input = jsonencode({ days = 2 }) }
    }
    error_message = "Recent files must be compared every hour, all of them every night."
  }

  # The sweeper may list, announce and ask, and nothing else.
  assert {
    condition     = local.execution_arns[0] == "arn:aws:states:eu-west-1:123456789012:execution:cartlake-test-forecast:*" && endswith(local.sweeper_arn, ":function:cartlake-test-lake-sweeper:live")
    error_message = "The sweeper reads executions of this lake and calls itself."
  }
}

run "without_schedules_the_sweep_is_on_demand" {
  command = plan

  variables {
    schedules = { enabled = false }
  }

  assert {
    condition     = length(module.schedule.calls) == 0
    error_message = "On demand only means no schedule."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a sweep that would race with functions of a run.
    grace_seconds = 60
    # Rejects a schedule of sweeps that is none.
    schedules = { full = "every night" }
  }

  expect_failures = [var.grace_seconds, var.schedules]
}
