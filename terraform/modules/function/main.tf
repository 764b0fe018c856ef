locals {
  name    = "${var.shared.name_prefix}-${replace(var.function, "_", "-")}"
  archive = "${var.shared.artifacts_dir}/lambdas/${var.function}.zip"
}

resource "aws_s3_object" "code" {
  bucket = var.shared.artifacts_bucket
  key    = "lambdas/${var.function}/${filesha256(local.archive)}.zip"
  source = local.archive

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.shared.log_retention_days
  kms_key_id        = var.shared.kms_key_arn
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:concurrency set aside is taken from all other functions of the account; callers set reserved_concurrency where it helps
  #checkov:skip=CKV_AWS_116:failed events go to the on_failure destination below, which keeps the reason with the event
  #checkov:skip=CKV_AWS_117:functions reach AWS services only, over TLS and by role; a VPC would add endpoints and cold starts and close nothing
  #checkov:skip=CKV_AWS_272:code is found under its hash in a bucket only deployments may write; signing needs a profile in each account
  function_name                  = local.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  runtime                        = contains(var.layers, "light") ? "python3.13" : "python3.11" # a layer is for one Python
  handler                        = "lambdas.${var.function}.handler.lambda_handler"
  architectures                  = [var.shared.architecture]
  s3_bucket                      = aws_s3_object.code.bucket
  s3_key                         = aws_s3_object.code.key
  source_code_hash               = filebase64sha256(local.archive)
  layers                         = [for layer in var.layers : var.shared.layer_arns[layer]]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.shared.kms_key_arn

  ephemeral_storage { size = var.tmp_mb }

  environment {
    variables = merge(
      {
        LOG_LEVEL                    = var.shared.log_level
        POWERTOOLS_METRICS_NAMESPACE = "Cartlake"
        POWERTOOLS_SERVICE_NAME      = var.function
      },
      var.shared.environment_variables,
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
      destination = var.shared.failure_queue_arn
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
  alarm_actions       = [var.shared.alarm_topic_arn]

  dimensions = { FunctionName = aws_lambda_function.this.function_name }
}
