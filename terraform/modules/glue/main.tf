locals {
  libs = {
    library = { file = "${var.artifacts_dir}/glue/libs/cartlake.zip", name = "cartlake", ending = ".zip" }
    wheels  = { file = "${var.artifacts_dir}/glue/libs/wheels.gluewheels.zip", name = "wheels", ending = ".gluewheels.zip" } # Glue knows the kind by the ending
  }

  catalog = "spark.sql.catalog.glue_catalog"

  spark_settings = [
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "${local.catalog}=org.apache.iceberg.spark.SparkCatalog",
    "${local.catalog}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
    "${local.catalog}.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
    "${local.catalog}.warehouse=s3://${var.buckets["processed"].name}/",
    "spark.sql.session.timeZone=UTC",
    "spark.dynamicAllocation.cachedExecutorIdleTimeout=1d", # a worker that holds rows for later steps is not given back
  ]

  own_arguments = { for name, value in { catalog = "glue_catalog", database_prefix = var.database_prefix } : name => value if value != "" }

  # Glue drops arguments that are empty and then takes the next name for the value.
  arguments = merge(local.own_arguments, {
    "additional-python-modules"       = local.lib_uris["wheels"]
    "conf"                            = join(" --conf ", local.spark_settings) # Glue takes many settings as one argument
    "datalake-formats"                = "iceberg"
    "enable-auto-scaling"             = "true"
    "enable-metrics"                  = "true"
    "enable-observability-metrics"    = "true"
    "extra-py-files"                  = local.lib_uris["library"]
    "job-bookmark-option"             = "job-bookmark-disable" # the manifest says what to read
    "job-language"                    = "python"
    "python-modules-installer-option" = "--no-index" # from the wheels alone: what is not there fails, and is not fetched
  })

  needs_connection = var.network != null && var.emr_serverless == null # EMR Serverless has the network of its application

  lib_uris = { for lib, object in aws_s3_object.libs : lib => "s3://${object.bucket}/${object.key}" }
}

resource "aws_s3_object" "libs" {
  for_each = local.libs

  bucket = var.buckets["artifacts"].name
  key    = "libs/${each.value.name}-${filesha256(each.value.file)}${each.value.ending}"
  source = each.value.file

  lifecycle {
    create_before_destroy = true
  }
}

# A job runs in one subnet, so the first of them. Glue also wants the zone of it.
data "aws_subnet" "jobs" {
  count = local.needs_connection ? 1 : 0

  id = var.network.subnet_ids[0]
}

resource "aws_glue_connection" "network" {
  count = local.needs_connection ? 1 : 0

  name            = "${var.name_prefix}-network"
  description     = "The subnet that jobs run in."
  connection_type = "NETWORK"

  physical_connection_requirements {
    availability_zone      = data.aws_subnet.jobs[0].availability_zone
    subnet_id              = data.aws_subnet.jobs[0].id
    security_group_id_list = var.network.security_group_ids
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
    arguments              = local.arguments
    buckets                = var.buckets
    databases              = var.databases
    state_machine_arns     = var.state_machine_arns
    log_retention_days     = var.log_retention_days
    connections            = aws_glue_connection.network[*].name
    kms_key_arn            = var.kms_key_arn
    emr_log_group          = var.emr_serverless == null ? null : var.emr_serverless.log_group
  }
}

module "emr_job" {
  source   = "../emr_job"
  for_each = { for folder, job in local.jobs : folder => job if var.emr_serverless != null }

  job = {
    name        = module.job[each.key].job.name
    role_arn    = module.job[each.key].job.role_arn
    script_uri  = module.job[each.key].job.script_uri
    library_uri = local.lib_uris["library"]
    arguments   = merge(local.own_arguments, each.value.arguments)
  }
  application      = var.emr_serverless
  artifacts_bucket = var.buckets["artifacts"].name
  spark_settings   = local.spark_settings
  size             = try(var.emr_sizes[each.key], {})
}

moved {
  from = aws_s3_object.libs
  to   = aws_s3_object.libs["library"]
}
