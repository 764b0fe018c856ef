locals {
  object_created_rule = "${var.shared.name_prefix}-object-created"

  # Objects are read wherever they were dropped and whatever their name; misplaced ones are copied to quarantine with their tags.
  validator_statements = {
    ReadDroppedFiles = {
      actions   = ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
      resources = ["${var.buckets["raw"].arn}/*"]
    }
    # Without it S3 answers 403 instead of 404 for an object that was deleted before it was read.
    TellMissingFromForbidden = {
      actions   = ["s3:ListBucket"]
      resources = [var.buckets["raw"].arn]
    }
    KeepRejectedFiles = {
      actions   = ["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectTagging"]
      resources = ["${var.buckets["quarantine"].arn}/rejected/*"]
    }
    UseLedger = var.shared.grants["UseLedger"]
    Announce  = var.shared.grants["Announce"]
    ReceiveMessages = {
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [module.incoming.arn]
    }
  }
}

# Every key of the bucket, not only incoming/: a file dropped in the wrong place must be rejected, not ignored.
resource "aws_cloudwatch_event_rule" "object_created" {
  name        = local.object_created_rule
  description = "An object arrived in the raw zone."

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.buckets["raw"].name] } }
  })
}

resource "aws_cloudwatch_event_target" "incoming" {
  rule      = aws_cloudwatch_event_rule.object_created.name
  target_id = "incoming"
  arn       = module.incoming.arn

  dead_letter_config {
    arn = var.shared.failure_queue_arn
  }
}

module "file_validator" {
  source = "../function"

  shared               = var.shared
  function             = "file_validator"
  description          = "Checks each dropped file against its dataset's contract, without loading it into memory."
  layers               = ["cartlake", "arrow"]
  memory_mb            = var.validator.memory_mb
  timeout_seconds      = var.validator.timeout_seconds
  reserved_concurrency = var.validator.reserved_concurrency
  environment_variables = {
    INCOMING_QUEUE_URL = module.incoming.url
    QUARANTINE_BUCKET  = var.buckets["quarantine"].name
    RETRY_SECONDS      = tostring(var.queue.retry_seconds)
  }
  statements = local.validator_statements
}

resource "aws_lambda_event_source_mapping" "incoming" {
  event_source_arn        = module.incoming.arn
  function_name           = module.file_validator.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.validator.maximum_concurrency
  }
}

module "file_validated" {
  source = "../event_rule"

  name_prefix       = var.shared.name_prefix
  rule              = "file-validated"
  description       = "A dropped file is good: start a run of its dataset, unless one is running."
  event_bus         = var.shared.event_bus
  event             = { source = "cartlake", detail_type = "FileValidated" }
  function          = var.coordinator
  failure_queue_arn = var.shared.failure_queue_arn
}
