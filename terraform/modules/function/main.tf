locals {
  name    = "${var.name_prefix}-${replace(var.function, "_", "-")}"
  archive = "${var.artifacts_dir}/lambdas/${var.function}.zip"
}

resource "aws_s3_object" "code" {
  bucket = var.artifacts_bucket
  key    = "lambdas/${var.function}/${filesha256(local.archive)}.zip"
  source = local.archive

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  function_name                  = local.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  runtime                        = "python3.11"
  handler                        = "lambdas.${var.function}.handler.lambda_handler"
  architectures                  = [var.architecture]
  s3_bucket                      = aws_s3_object.code.bucket
  s3_key                         = aws_s3_object.code.key
  source_code_hash               = filebase64sha256(local.archive)
  layers                         = var.layer_arns
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = merge(
      {
        LOG_LEVEL                    = var.log_level
        POWERTOOLS_METRICS_NAMESPACE = "Cartlake"
        POWERTOOLS_SERVICE_NAME      = var.function
      },
      var.environment_variables,
    )
  }

  tracing_config {
    mode = "Active"
  }

  # A function that runs before its policy is attached fails; one that logs before its group exists makes a group without retention.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = var.failure_queue_arn
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${local.name}-errors"
  alarm_description   = "${local.name} raised an error. Its log group says which."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]

  dimensions = { FunctionName = aws_lambda_function.this.function_name }
}
