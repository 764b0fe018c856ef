resource "aws_cloudwatch_event_bus" "this" {
  name = var.name_prefix
}

# Every key of the bucket, not only incoming/: a file dropped in the wrong place must be rejected aloud, not ignored.
resource "aws_cloudwatch_event_rule" "object_created" {
  name        = local.object_created_rule
  description = "An object arrived in the raw zone."

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.buckets["raw"]] } }
  })
}

resource "aws_cloudwatch_event_target" "incoming" {
  rule      = aws_cloudwatch_event_rule.object_created.name
  target_id = "incoming"
  arn       = aws_sqs_queue.incoming.arn

  dead_letter_config {
    arn = aws_sqs_queue.events_dlq.arn
  }
}

module "file_validator" {
  source = "../function"

  name_prefix          = var.name_prefix
  function             = "file_validator"
  description          = "Checks each dropped file against its dataset's contract, without loading it into memory."
  artifacts_dir        = var.artifacts_dir
  artifacts_bucket     = var.buckets["artifacts"]
  architecture         = var.architecture
  layer_arns           = [aws_lambda_layer_version.this["cartlake"].arn, aws_lambda_layer_version.this["arrow"].arn]
  memory_mb            = var.validator.memory_mb
  timeout_seconds      = var.validator.timeout_seconds
  reserved_concurrency = var.validator.reserved_concurrency
  log_level            = var.log_level
  log_retention_days   = var.log_retention_days
  kms_key_arn          = var.kms_key_arn
  failure_queue_arn    = aws_sqs_queue.events_dlq.arn
  alarm_topic_arn      = var.alarm_topic_arn
  environment_variables = merge(local.common_environment, {
    INCOMING_QUEUE_URL = aws_sqs_queue.incoming.url
    QUARANTINE_BUCKET  = var.buckets["quarantine"]
    RETRY_SECONDS      = tostring(var.queue.retry_seconds)
  })
  statements = local.validator_statements
}

resource "aws_lambda_event_source_mapping" "incoming" {
  event_source_arn        = aws_sqs_queue.incoming.arn
  function_name           = module.file_validator.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.validator.maximum_concurrency
  }
}

locals {
  object_created_rule = "${var.name_prefix}-object-created"

  common_environment = {
    ENVIRONMENT       = var.environment
    EVENT_BUS         = aws_cloudwatch_event_bus.this.name
    IDEMPOTENCY_TABLE = aws_dynamodb_table.idempotency.name
    LEDGER_TABLE      = aws_dynamodb_table.ledger.name
  }

  # Objects are read wherever they were dropped and whatever their name; misplaced ones are copied to quarantine with their tags.
  validator_statements = {
    ReadDroppedFiles = {
      actions   = ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
      resources = ["${var.bucket_arns["raw"]}/*"]
    }
    # Without it S3 answers 403 instead of 404 for an object that was deleted before it was read.
    TellMissingFromForbidden = {
      actions   = ["s3:ListBucket"]
      resources = [var.bucket_arns["raw"]]
    }
    KeepRejectedFiles = {
      actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]
      resources = ["${var.bucket_arns["quarantine"]}/rejected/*"]
    }
    UseLedger = {
      actions   = local.ledger_actions
      resources = [aws_dynamodb_table.ledger.arn]
    }
    Announce = {
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.this.arn]
    }
    ReceiveMessages = {
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [local.queue_arns["incoming"]]
    }
  }
}
