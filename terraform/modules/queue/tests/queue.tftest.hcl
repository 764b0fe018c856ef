mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix      = "cartlake-test"
  queue            = "incoming"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
  sender_rule_arns = ["arn:aws:events:eu-west-1:123456789012:rule/cartlake-test-object-created"]
  dead_letters     = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:cartlake-test-incoming-dlq", max_receive_count = 3 }
}

run "messages_that_fail_are_told_apart_and_kept" {
  command = plan

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:cartlake-test-incoming-dlq", maxReceiveCount = 3 }
    error_message = "A message that fails three times must go to the DLQ."
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == var.kms_key_arn
    error_message = "A queue must be encrypted with the key of the lake."
  }

  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 14 * 86400
    error_message = "retention_days must become seconds."
  }

  # Only the named rules may send.
  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[0].condition).values == tolist(["arn:aws:events:eu-west-1:123456789012:rule/cartlake-test-object-created"])
    error_message = "The queue must take messages of its rules only."
  }

  assert {
    condition     = contains([for statement in data.aws_iam_policy_document.this.statement : statement.sid], "DenyPlainHttp")
    error_message = "Every queue must refuse plain HTTP."
  }
}

run "a_queue_without_senders_takes_dead_letters_of_its_source_only" {
  command = plan

  variables {
    queue            = "incoming-dlq"
    sender_rule_arns = []
    dead_letters     = null
    source_queues    = ["incoming"]
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.this.statement : statement.sid] == ["DenyPlainHttp"]
    error_message = "No rule may send where none is named."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-west-1:123456789012:cartlake-test-incoming"] }
    error_message = "Only the incoming queue may use its DLQ."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a count SQS does not have.
    dead_letters = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q", max_receive_count = 0 }
    # Rejects a retention SQS does not have.
    retention_days = 15
    # Rejects a name that is none.
    queue = "Incoming Queue"
  }

  expect_failures = [var.dead_letters, var.retention_days, var.queue]
}

run "only_the_named_topics_may_send_what_they_could_not_deliver" {
  command = plan

  variables {
    sender_rule_arns  = []
    sender_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:cartlake-test-pages"]
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].sid == "ReceiveFromTopics" && one(data.aws_iam_policy_document.this.statement[0].condition).values == tolist(["arn:aws:sns:eu-west-1:123456789012:cartlake-test-pages"])
    error_message = "The queue must take messages of its topics only."
  }
}
