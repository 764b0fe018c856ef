mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_sqs_queue" {
    override_during = plan
    defaults        = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue" }
  }
}

override_module {
  target = module.file_validator
  outputs = {
    name     = "cartlake-test-file-validator"
    arn      = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-file-validator"
    role_arn = "arn:aws:iam::123456789012:role/cartlake-test-file-validator"
  }
}

variables {
  name_prefix     = "cartlake-test"
  environment     = "test"
  buckets         = { raw = "test-raw", quarantine = "test-quarantine", artifacts = "test-artifacts" }
  bucket_arns     = { raw = "arn:aws:s3:::test-raw", quarantine = "arn:aws:s3:::test-quarantine" }
  artifacts_dir   = "../../fixtures/artifacts"
  architecture    = "arm64"
  kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/k"
  alarm_topic_arn = "arn:aws:sns:eu-west-1:123456789012:t"
}

run "every_key_of_the_raw_bucket_is_looked_at" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.object_created.event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      detail      = { bucket = { name = ["test-raw"] } }
    }
    error_message = "The rule must not filter by key: misplaced files have to be rejected aloud."
  }
}

run "failed_messages_are_told_apart_and_kept" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.incoming.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "One bad message must not bring back the others of its batch."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.incoming.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.incoming_dlq.arn, maxReceiveCount = 3 }
    error_message = "A message that fails three times must go to the DLQ."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.incoming_dlq.redrive_allow_policy).sourceQueueArns == ["arn:aws:sqs:eu-west-1:123456789012:cartlake-test-incoming"]
    error_message = "Only the incoming queue may use its DLQ."
  }

  assert {
    condition     = aws_sqs_queue.incoming.visibility_timeout_seconds == 5400
    error_message = "A message must stay hidden for six times the function's timeout."
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.incoming, aws_sqs_queue.incoming_dlq, aws_sqs_queue.events_dlq] : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "Every queue must be encrypted with the lake's key."
  }
}

run "only_rules_of_this_lake_may_send" {
  command = plan

  assert {
    condition     = one(data.aws_iam_policy_document.queue["incoming"].statement[0].condition).values == tolist(["arn:aws:events:eu-west-1:123456789012:rule/cartlake-test-object-created"])
    error_message = "The incoming queue must take messages of its one rule only."
  }

  assert {
    condition     = alltrue([for document in data.aws_iam_policy_document.queue : contains([for statement in document.statement : statement.sid], "DenyPlainHttp")])
    error_message = "Every queue must refuse plain HTTP."
  }
}

run "the_ledger_can_be_restored_and_queried_by_state" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.ledger.point_in_time_recovery[0].enabled && aws_dynamodb_table.ledger.server_side_encryption[0].enabled
    error_message = "The ledger must be restorable and encrypted."
  }

  assert {
    condition     = [for index in aws_dynamodb_table.ledger.global_secondary_index : [index.name, index.hash_key, index.range_key, index.projection_type]] == [["by_state", "gsi1pk", "gsi1sk", "ALL"]]
    error_message = "The ledger must be queryable by state."
  }

  assert {
    condition     = aws_dynamodb_table.idempotency.hash_key == "id" && one(aws_dynamodb_table.idempotency.ttl).attribute_name == "expiration"
    error_message = "The idempotency table must have the layout of Powertools."
  }
}

run "deletion_protection_reaches_the_ledger" {
  command = plan

  variables {
    deletion_protection = true
  }

  assert {
    condition     = aws_dynamodb_table.ledger.deletion_protection_enabled
    error_message = "deletion_protection must protect the ledger."
  }
}

run "a_dead_letter_is_an_alarm" {
  command = plan

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.dead_letters) == ["cartlake-test-events-dlq", "cartlake-test-incoming-dlq"]
    error_message = "Both dead-letter queues need an alarm."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.threshold == 0 && alarm.alarm_actions == toset([var.alarm_topic_arn])])
    error_message = "One message is enough for the alarm."
  }
}

run "functions_learn_where_things_are" {
  command = plan

  assert {
    condition = output.common_environment == {
      ENVIRONMENT       = "test"
      EVENT_BUS         = "cartlake-test"
      IDEMPOTENCY_TABLE = "cartlake-test-idempotency"
      LEDGER_TABLE      = "cartlake-test-ledger"
    }
    error_message = "Every function must be told the environment, the bus and the tables."
  }
}

run "layers_are_named_by_their_content" {
  command = plan

  assert {
    condition     = aws_s3_object.layer["arrow"].key == "layers/arrow/${filesha256("../../fixtures/artifacts/layers/arrow.zip")}.zip"
    error_message = "A new layer build must be a new object."
  }
}

run "rejects_concurrency_the_queue_would_overrun" {
  command = plan

  variables {
    validator = { maximum_concurrency = 20, reserved_concurrency = 10 }
  }

  expect_failures = [var.validator]
}

run "rejects_a_message_that_reappears_while_it_is_worked_on" {
  command = plan

  variables {
    queue = { visibility_multiplier = 0.5 }
  }

  expect_failures = [var.queue]
}

run "rejects_missing_zones" {
  command = plan

  variables {
    buckets = { raw = "test-raw" }
  }

  expect_failures = [var.buckets]
}
