locals {
  name   = "${var.shared.name_prefix}-${replace(var.job.folder, "_", "-")}"
  script = "${var.shared.artifacts_dir}/glue/jobs/${var.job.folder}.py"
}

resource "aws_s3_object" "script" {
  bucket = var.shared.buckets["artifacts"].name
  key    = "glue_jobs/${var.job.folder}/main-${filesha256(local.script)}.py"
  source = local.script

  lifecycle {
    create_before_destroy = true
  }
}

# Where Glue 5 writes with a security configuration. Glue would make these groups itself, and their logs would never expire.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is decided per environment; production keeps a year
  for_each = toset(local.on_emr ? [] : ["error", "output"])

  name              = "/aws-glue/jobs/${var.shared.security_configuration}-role/${aws_iam_role.this.name}/${each.key}"
  retention_in_days = var.shared.log_retention_days
  kms_key_id        = var.shared.kms_key_arn
}

resource "aws_glue_job" "this" {
  count = local.on_emr ? 0 : 1

  name                   = local.name
  description            = var.job.description
  role_arn               = aws_iam_role.this.arn
  glue_version           = var.shared.glue_version
  worker_type            = var.size.worker_type
  number_of_workers      = var.size.number_of_workers
  timeout                = var.size.timeout_minutes
  max_retries            = 0 # the state machine decides on another attempt, with a task token of its own
  execution_class        = "STANDARD"
  security_configuration = var.shared.security_configuration
  connections            = var.shared.connections

  default_arguments = { for name, value in merge(var.shared.arguments, var.job.arguments) : "--${name}" => value }

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${aws_s3_object.script.bucket}/${aws_s3_object.script.key}"
  }

  execution_property {
    max_concurrent_runs = var.job.max_concurrent_runs
  }

  # A job whose role may not read yet fails its first run, and one that runs before its log groups makes them itself.
  depends_on = [aws_iam_role_policy.this, aws_cloudwatch_log_group.this]
}

moved {
  from = aws_glue_job.this
  to   = aws_glue_job.this[0]
}
