locals {
  libs = "${var.artifacts_dir}/glue/libs/cartlake.zip"

  catalog = "spark.sql.catalog.glue_catalog"

  # Glue takes many Spark settings as one --conf argument.
  spark_conf = join(" --conf ", [
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "${local.catalog}=org.apache.iceberg.spark.SparkCatalog",
    "${local.catalog}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
    "${local.catalog}.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
    "${local.catalog}.warehouse=s3://${var.buckets["processed"].name}/",
    "spark.sql.session.timeZone=UTC",
  ])

  # Glue drops arguments that are empty and then takes the next name for the value.
  arguments = {
    "additional-python-modules"        = join(",", var.release.python_modules)
    "catalog"                          = "glue_catalog"
    "conf"                             = local.spark_conf
    "database_prefix"                  = var.database_prefix
    "datalake-formats"                 = "iceberg"
    "enable-auto-scaling"              = "true"
    "enable-continuous-cloudwatch-log" = "true"
    "enable-continuous-log-filter"     = "true"
    "enable-metrics"                   = "true"
    "enable-observability-metrics"     = "true"
    "extra-py-files"                   = "s3://${aws_s3_object.libs.bucket}/${aws_s3_object.libs.key}"
    "job-bookmark-option"              = "job-bookmark-disable" # the manifest says what to read
    "job-language"                     = "python"
  }
}

resource "aws_s3_object" "libs" {
  bucket = var.buckets["artifacts"].name
  key    = "libs/cartlake-${filesha256(local.libs)}.zip"
  source = local.libs

  lifecycle {
    create_before_destroy = true
  }
}

module "job" {
  source   = "../job"
  for_each = local.jobs

  job  = merge({ folder = each.key }, each.value)
  size = try(var.sizes[each.key], {})

  shared = {
    name_prefix            = var.name_prefix
    artifacts_dir          = var.artifacts_dir
    glue_version           = var.release.version
    security_configuration = var.security_configuration
    arguments              = { for name, value in local.arguments : name => value if value != "" }
    buckets                = var.buckets
    databases              = var.databases
    state_machine_arns     = var.state_machine_arns
    kms_key_arn            = var.kms_key_arn
  }
}
