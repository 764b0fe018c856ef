data "aws_iam_policy_document" "assume_scheduler" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  count = var.maintenance_schedule == null ? 0 : 1

  name               = "${var.shared.name_prefix}-scheduler"
  description        = "What the schedule of maintenance may do, and nothing else."
  assume_role_policy = data.aws_iam_policy_document.assume_scheduler.json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "AskForMaintenance"
    actions   = ["lambda:InvokeFunction"]
    resources = [module.run_coordinator.arn]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [var.shared.failure_queue_arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.shared.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "scheduler" {
  count = var.maintenance_schedule == null ? 0 : 1

  name   = "run"
  role   = aws_iam_role.scheduler[0].id
  policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_scheduler_schedule" "maintenance" {
  count = var.maintenance_schedule == null ? 0 : 1

  name                         = "${var.shared.name_prefix}-maintenance"
  description                  = "Checks all tables, and maintains those that need it."
  schedule_expression          = var.maintenance_schedule
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = var.shared.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.run_coordinator.arn
    role_arn = aws_iam_role.scheduler[0].arn
    input    = jsonencode({ action = "maintain" })

    dead_letter_config {
      arn = var.shared.failure_queue_arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }
  }
}
