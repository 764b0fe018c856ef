data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:logs of the bucket of logs would be written into it, and logged again
  #checkov:skip=CKV_AWS_21:S3 writes each log object once and nothing else may write here
  #checkov:skip=CKV_AWS_144:a second region doubles the cost of records that expire
  #checkov:skip=CKV_AWS_145:S3 delivers access logs only to buckets encrypted with its own keys
  #checkov:skip=CKV2_AWS_62:nothing starts when a log is written
  bucket        = "${var.name_prefix}-${data.aws_caller_identity.current.account_id}-${data.aws_region.current.name}-access-logs"
  force_destroy = var.force_destroy

  tags = { Zone = "access-logs" }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {
      prefix = ""
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    expiration {
      days = var.retention_days
    }
  }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "LogsOfThisLake"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.this.arn}/*"] # below the name of the zone

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:s3:::${var.name_prefix}-*"]
    }
  }

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"] # a deny is only complete when it names every action
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.this.json

  # Both settings touch the same bucket; S3 answers OperationAborted when they arrive together.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = var.buckets

  bucket        = each.value.name
  target_bucket = aws_s3_bucket.this.id
  target_prefix = "${each.key}/"

  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "EventTime"
    }
  }

  # A bucket cannot be told to log to one that S3 may not write to yet.
  depends_on = [aws_s3_bucket_policy.this]
}
