data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:all zones log where the lake has a bucket of access logs, by module access_logs
  #checkov:skip=CKV_AWS_21:files and tables have versions; code, query results and exports can be made again
  #checkov:skip=CKV_AWS_144:a second region doubles the cost of every byte; a lake that needs it replicates the raw zone, from which the rest is rebuilt
  #checkov:skip=CKV2_AWS_62:only files dropped into the raw zone start anything
  for_each = var.zones

  bucket        = "${var.name_prefix}-${data.aws_caller_identity.current.account_id}-${data.aws_region.current.name}-${each.key}"
  force_destroy = var.force_destroy

  tags = { Zone = each.key }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = var.zones

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = var.zones

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = var.zones

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = { for name, zone in var.zones : name => zone if zone.versioned }

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

# Governance mode: whoever has s3:BypassGovernanceRetention can still erase the data of a person.
resource "aws_s3_bucket_object_lock_configuration" "this" {
  for_each = { for name, zone in var.zones : name => zone if zone.object_lock_days != null }

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = each.value.object_lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = var.zones

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {
      prefix = ""
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = each.value.noncurrent_expiration_days[*]

    content {
      id     = "expire-noncurrent-versions"
      status = "Enabled"

      filter {
        prefix = ""
      }

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }

      # What is left of a deleted object when its versions are gone.
      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  dynamic "rule" {
    for_each = each.value.infrequent_access[*]

    content {
      id     = "move-${replace(trimsuffix(rule.value.prefix, "/"), "/", "-")}-to-infrequent-access"
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      transition {
        days          = rule.value.after_days
        storage_class = "STANDARD_IA"
      }
    }
  }

  dynamic "rule" {
    for_each = merge(each.value.expiring_prefixes, each.value.expiration_days == null ? {} : { "" = each.value.expiration_days })

    content {
      id     = join("-", concat(["expire"], compact(split("/", rule.key))))
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }

  # S3 refuses rules on versions of a bucket whose versioning is still being switched on.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_notification" "this" {
  for_each = { for name, zone in var.zones : name => zone if zone.event_notifications }

  bucket      = aws_s3_bucket.this[each.key].id
  eventbridge = true
}

data "aws_iam_policy_document" "bucket" {
  for_each = var.zones

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"] # a deny is only complete when it names every action
    resources = [aws_s3_bucket.this[each.key].arn, "${aws_s3_bucket.this[each.key].arn}/*"]

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

  dynamic "statement" {
    for_each = contains(keys(var.distribution_arns), each.key) ? [var.distribution_arns[each.key]] : []

    content {
      sid       = "LetDistributionRead"
      actions   = ["s3:GetObject"]
      resources = ["${aws_s3_bucket.this[each.key].arn}/*"]

      principals {
        type        = "Service"
        identifiers = ["cloudfront.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = var.zones

  bucket = aws_s3_bucket.this[each.key].id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  # Both settings touch the same bucket; S3 answers OperationAborted when they arrive together.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
