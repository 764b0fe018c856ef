data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  account_arn = "arn:${data.aws_partition.current.partition}:iam::${local.account_id}:root"
  logs_arn    = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${local.account_id}"
}

resource "aws_kms_key" "this" {
  description             = "Encrypts the data, queues, tables, topics and logs of ${var.name_prefix}."
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_days
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name_prefix}"
  target_key_id = aws_kms_key.this.key_id
}

# In a key policy the resource "*" means this key.
data "aws_iam_policy_document" "key" {
  statement {
    sid       = "LetIamOfThisAccountDecide"
    actions   = ["kms:*"] # without it nobody, not even root, could administer the key
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_arn]
    }
  }

  statement {
    sid       = "LogGroupsOfThisAccount"
    actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["${local.logs_arn}:log-group:*"]
    }
  }

  # Step Functions hands the log of an encrypted state machine to this service.
  statement {
    sid       = "LogDeliveryOfStateMachines"
    actions   = ["kms:Decrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SourceArn"
      values   = ["${local.logs_arn}:*"]
    }
  }

  # EventBridge writes to encrypted queues, CloudWatch alarms to the encrypted topic.
  statement {
    sid       = "SendersToQueuesAndTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}
