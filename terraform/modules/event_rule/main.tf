resource "aws_cloudwatch_event_rule" "this" {
  name           = "${var.name_prefix}-${var.rule}"
  description    = var.description
  event_bus_name = var.event_bus
  event_pattern  = jsonencode(local.pattern)
}

locals {
  pattern = merge(
    { source = [var.event.source], detail-type = [var.event.detail_type] },
    length(var.event.detail) == 0 ? {} : { detail = var.event.detail },
  )
}

resource "aws_cloudwatch_event_target" "this" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = var.event_bus
  target_id      = var.function.folder
  arn            = var.function.arn

  dead_letter_config {
    arn = var.failure_queue_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 21600
    maximum_retry_attempts       = 60
  }

  depends_on = [aws_lambda_permission.this]
}

resource "aws_lambda_permission" "this" {
  statement_id  = "rule-${var.rule}"
  action        = "lambda:InvokeFunction"
  function_name = var.function.name
  qualifier     = var.function.alias
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn
}
