data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  here      = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  rules_arn = "arn:${data.aws_partition.current.partition}:events:${local.here}:rule"

  # Policies stand inside their queue, because each separate policy resource costs 25 s of waiting in the provider. A queue
  # cannot refer to itself, so its ARN is built from its name.
  queue_names = { for queue in ["incoming", "incoming_dlq", "events_dlq"] : queue => "${var.name_prefix}-${replace(queue, "_", "-")}" }
  queue_arns  = { for queue, name in local.queue_names : queue => "arn:${data.aws_partition.current.partition}:sqs:${local.here}:${name}" }

  # Rules of every module, on the default bus and on ours, send what they could not deliver to events_dlq; listing them would
  # make a circle.
  senders = {
    incoming     = ["${local.rules_arn}/${local.object_created_rule}"]
    incoming_dlq = []
    events_dlq   = ["${local.rules_arn}/${var.name_prefix}-*", "${local.rules_arn}/${var.name_prefix}/*"]
  }
}

data "aws_iam_policy_document" "queue" {
  for_each = local.senders

  dynamic "statement" {
    for_each = length(each.value) > 0 ? [each.value] : []

    content {
      sid       = "ReceiveFromRules"
      actions   = ["sqs:SendMessage"]
      resources = [local.queue_arns[each.key]]

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

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["sqs:*"] # a deny is only complete when it names every action
    resources = [local.queue_arns[each.key]]

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

resource "aws_sqs_queue" "incoming" {
  name                       = local.queue_names["incoming"]
  kms_master_key_id          = var.kms_key_arn
  message_retention_seconds  = var.queue.retention_days * 86400
  visibility_timeout_seconds = var.queue.visibility_multiplier * var.validator.timeout_seconds
  policy                     = data.aws_iam_policy_document.queue["incoming"].json

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.incoming_dlq.arn
    maxReceiveCount     = var.queue.max_receive_count
  })
}

resource "aws_sqs_queue" "incoming_dlq" {
  name                      = local.queue_names["incoming_dlq"]
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
  policy                    = data.aws_iam_policy_document.queue["incoming_dlq"].json

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns["incoming"]]
  })
}

resource "aws_sqs_queue" "events_dlq" {
  name                      = local.queue_names["events_dlq"]
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
  policy                    = data.aws_iam_policy_document.queue["events_dlq"].json
}
