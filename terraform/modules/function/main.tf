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
  #checkov:skip=CKV_AWS_117:a VPC is an option of the lake; without one functions reach AWS services only, over TLS and by role
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
  publish                        = true
  layers                         = [for layer in var.layers : var.shared.layer_arns[layer]]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.shared.kms_key_arn

  ephemeral_storage { size = var.tmp_mb }

  dynamic "vpc_config" {
    for_each = var.shared.network[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  environment {
    variables = merge(
      {
        LOG_LEVEL               = var.shared.log_level
        POWERTOOLS_SERVICE_NAME = var.function
      },
      var.shared.environment_variables,
      var.environment_variables,
    )
  }

  tracing_config {
    mode = "Active"
  }

  # A function that runs before its policy is attached fails; one that logs before its group exists makes a group without retention.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this, aws_iam_role_policy_attachment.network]
}

# What everything calls. Code and settings change at once, when the alias is moved to a version that has both; before,
# AWS changes them one after the other. The versions before stay: a call that is under way ends on its own, and a bad
# deploy is taken back by moving the alias.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that is in use."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = var.shared.failure_queue_arn
    }
  }
}
