# Starts with its first job run and stops when it is idle: nothing is billed in between.
resource "aws_emrserverless_application" "this" {
  name          = "${var.name_prefix}-spark"
  release_label = var.application.release_label
  type          = "spark"
  architecture  = "ARM64" # what the packages of the jobs were built for

  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = var.application.idle_minutes
  }

  maximum_capacity {
    cpu    = "${var.application.maximum_vcpus} vCPU"
    memory = "${var.application.maximum_memory_gb} GB"
  }

  dynamic "network_configuration" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnet_ids         = network_configuration.value.subnet_ids
      security_group_ids = network_configuration.value.security_group_ids
    }
  }
}

# Its name ends in that of the lake, by which `lake logs` finds it.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is decided per environment; production keeps a year
  name              = "/aws/emr-serverless/${var.name_prefix}-spark"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

# For the driver and the executors: packages with parts in C cannot be imported from a zip, so Spark unpacks this one.
resource "aws_s3_object" "packages" {
  bucket = var.artifacts_bucket
  key    = "libs/packages-${filesha256(local.packages)}.zip"
  source = local.packages

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  packages = "${var.artifacts_dir}/emr/packages.zip"
}
