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
  buckets = {
    raw        = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
    quarantine = { name = "test-quarantine", arn = "arn:aws:s3:::test-quarantine" }
  }
  coordinator = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
}

run "every_key_of_the_raw_bucket_is_looked_at" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.object_created.event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      detail      = { bucket = { name = ["test-raw"] } }
    }
    error_message = "The rule must not filter by key: misplaced files have to be rejected, not ignored."
  }

  # Failed messages are reported one by one and kept.
  assert {
    condition     = aws_lambda_event_source_mapping.incoming.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "One bad message must not bring back the others of its batch."
  }

  # The queue hides a message while it is worked on.
  assert {
    condition     = module.incoming.name == "cartlake-test-incoming" && module.incoming_dlq.name == "cartlake-test-incoming-dlq"
    error_message = "Both queues must carry the name of the lake."
  }

  assert {
    condition     = module.file_validator.name == "cartlake-test-file-validator" && output.function_names["file_validator"] == "cartlake-test-file-validator"
    error_message = "The validator must read the queue."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects concurrency the queue would overrun.
    validator = { maximum_concurrency = 20, reserved_concurrency = 10 }
    # Rejects a message that reappears while it is worked on.
    queue = { visibility_multiplier = 0.5 }
    # Rejects missing zones.
    buckets = { raw = { name = "test-raw", arn = "arn:aws:s3:::test-raw" } }
  }

  expect_failures = [var.validator, var.queue, var.buckets]
}
