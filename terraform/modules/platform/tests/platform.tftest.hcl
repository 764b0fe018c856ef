mock_provider "aws" {
  source = "../../fixtures/mocks"
}

override_module {
  override_during = plan
  target          = module.events_dlq
  outputs         = { name = "events-dlq", arn = "arn:aws:sqs:eu-west-1:123456789012:events-dlq", url = "https://sqs/events-dlq" }
}

variables {
  name_prefix      = "cartlake-test"
  environment      = "test"
  artifacts_dir    = "../../fixtures/artifacts"
  artifacts_bucket = "test-artifacts"
  architecture     = "arm64"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
  alarm_topic_arn  = "arn:aws:sns:eu-west-1:123456789012:t"
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

run "functions_learn_where_things_are" {
  command = plan

  assert {
    condition = output.shared.environment_variables == {
      ENVIRONMENT                  = "test"
      EVENT_BUS                    = "cartlake-test"
      IDEMPOTENCY_TABLE            = "cartlake-test-idempotency"
      METRICS_BY_DATASET           = "false"
      POWERTOOLS_METRICS_NAMESPACE = "Cartlake/cartlake-test"
      LEDGER_TABLE                 = "cartlake-test-ledger"
    }
    error_message = "Every function must get the environment, the bus and the tables."
  }
}

run "layers_are_named_by_their_content" {
  command = plan

  assert {
    condition     = aws_s3_object.layer["arrow"].key == "layers/arrow/${filesha256("../../fixtures/artifacts/layers/arrow.zip")}.zip"
    error_message = "A new layer build must be a new object."
  }
}

run "the_layer_of_the_light_engine_is_for_its_own_python" {
  command = plan

  assert {
    condition     = { for name, layer in aws_lambda_layer_version.this : name => one(layer.compatible_runtimes) } == { arrow = "python3.11", cartlake = "python3.11", light = "python3.13", sftp = "python3.11", warehouses = "python3.11" }
    error_message = "A layer holds compiled modules of one Python."
  }
}

run "undelivered_events_of_any_rule_of_the_lake_are_kept" {
  command = plan

  assert {
    condition     = output.shared.failure_queue_arn == "arn:aws:sqs:eu-west-1:123456789012:events-dlq"
    error_message = "Functions must get the queue of failed events."
  }
}

run "rights_name_their_tables" {
  command = apply

  assert {
    condition     = sort(keys(output.shared.grants)) == tolist(["Announce", "FindLoadedFiles", "ReadLedger", "RememberStarts", "UseLedger"])
    error_message = "Each right of the platform must have a name."
  }

  assert {
    condition     = alltrue([for grant in output.shared.grants : !strcontains(join(" ", concat(grant.actions, grant.resources)), "*")])
    error_message = "A right must name its actions and resources."
  }
}

run "rejects_an_unknown_log_level" {
  command = plan

  variables {
    logs = { level = "LOUD" }
  }

  expect_failures = [var.logs]
}
