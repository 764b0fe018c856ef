data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # The policy stands inside the queue, because a separate policy resource costs 25 s of waiting in the provider. A queue
  # cannot refer to itself, so ARNs are built from names.
  arns_begin = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${var.name_prefix}-"
  name       = "${var.name_prefix}-${var.queue}"
  arn        = "${local.arns_begin}${var.queue}"
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = length(var.sender_rule_arns) > 0 ? [var.sender_rule_arns] : []

    content {
      sid       = "ReceiveFromRules"
      actions   = ["sqs:SendMessage"]
      resources = [local.arn]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.sender_topic_arns) > 0 ? [var.sender_topic_arns] : []

    content {
      sid       = "ReceiveFromTopics"
      actions   = ["sqs:SendMessage"]
      resources = [local.arn]

      principals {
        type        = "Service"
        identifiers = ["sns.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }
    }
  }

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["sqs:*"] # a deny is only complete when it names every action
    resources = [local.arn]

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

resource "aws_sqs_queue" "this" {
  name                       = local.name
  kms_master_key_id          = var.kms_key_arn
  message_retention_seconds  = var.retention_days * 86400
  visibility_timeout_seconds = var.visibility_timeout_seconds
  policy                     = data.aws_iam_policy_document.this.json

  redrive_policy = var.dead_letters == null ? null : jsonencode({
    deadLetterTargetArn = var.dead_letters.queue_arn
    maxReceiveCount     = var.dead_letters.max_receive_count
  })

  redrive_allow_policy = length(var.source_queues) == 0 ? null : jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [for queue in var.source_queues : "${local.arns_begin}${queue}"]
  })
}
