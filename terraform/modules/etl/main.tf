locals {
  names = { for job in keys(var.jobs) : job => "${var.name_prefix}-${replace(job, "_", "-")}" }
  libs  = "${var.artifacts_dir}/glue/libs/cartlake.zip"

  catalog = "spark.sql.catalog.glue_catalog"

  # Glue takes many Spark settings as one --conf argument.
  spark_conf = join(" --conf ", [
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "${local.catalog}=org.apache.iceberg.spark.SparkCatalog",
    "${local.catalog}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
    "${local.catalog}.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
    "${local.catalog}.warehouse=s3://${var.buckets["processed"]}/",
    "spark.sql.session.timeZone=UTC",
  ])
}

resource "aws_s3_object" "script" {
  for_each = var.jobs

  bucket = var.buckets["artifacts"]
  key    = "glue_jobs/${each.key}/main-${filesha256("${var.artifacts_dir}/glue/jobs/${each.key}.py")}.py"
  source = "${var.artifacts_dir}/glue/jobs/${each.key}.py"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_object" "libs" {
  bucket = var.buckets["artifacts"]
  key    = "libs/cartlake-${filesha256(local.libs)}.zip"
  source = local.libs

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_glue_job" "this" {
  for_each = var.jobs

  name                   = local.names[each.key]
  description            = each.value.description
  role_arn               = aws_iam_role.this[each.key].arn
  glue_version           = var.glue_version
  worker_type            = each.value.worker_type
  number_of_workers      = each.value.number_of_workers
  timeout                = each.value.timeout_minutes
  max_retries            = 0 # the state machine decides on another attempt, with a task token of its own
  execution_class        = "STANDARD"
  security_configuration = aws_glue_security_configuration.this.name

  default_arguments = merge(
    {
      "--conf"                             = local.spark_conf
      "--datalake-formats"                 = "iceberg"
      "--enable-auto-scaling"              = "true"
      "--enable-continuous-cloudwatch-log" = "true"
      "--enable-continuous-log-filter"     = "true"
      "--enable-metrics"                   = "true"
      "--enable-observability-metrics"     = "true"
      "--extra-py-files"                   = "s3://${aws_s3_object.libs.bucket}/${aws_s3_object.libs.key}"
      "--job-bookmark-option"              = "job-bookmark-disable" # the manifest says what to read
      "--job-language"                     = "python"
    },
    length(var.python_modules) == 0 ? {} : { "--additional-python-modules" = join(",", var.python_modules) },
    { for name, value in each.value.arguments : "--${name}" => value },
  )

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${aws_s3_object.script[each.key].bucket}/${aws_s3_object.script[each.key].key}"
  }

  execution_property {
    max_concurrent_runs = each.value.max_concurrent_runs
  }

  # A job whose role may not read yet fails its first run.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_glue_security_configuration" "this" {
  name = var.name_prefix

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.kms_key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.kms_key_arn
    }

    s3_encryption {
      kms_key_arn        = var.kms_key_arn
      s3_encryption_mode = "SSE-KMS"
    }
  }
}
