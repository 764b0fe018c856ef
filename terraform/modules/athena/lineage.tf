locals {
  lineage = "s3://${var.artifacts_bucket.name}/lineage/rows/"

  # What cartlake.lineage.rows writes, a JSON object for each dataset of each event.
  lineage_columns = {
    run_id            = "string"
    run_uuid          = "string"
    event_type        = "string"
    event_time        = "timestamp"
    workflow          = "string"
    job               = "string"
    engine            = "string"
    execution_arn     = "string"
    error             = "string"
    direction         = "string"
    dataset_namespace = "string"
    dataset_name      = "string"
    table_name        = "string"
    dataset_version   = "string"
    row_count         = "bigint"
    size_bytes        = "bigint"
    sha256            = "string"
    column_sources    = "array<struct<name:string,source_table:string,source_column:string,kind:string>>"
  }
}

resource "aws_glue_catalog_table" "lineage" {
  name          = "lineage"
  description   = "One row per file and table that a run read or wrote, and event of the run: START, then COMPLETE or FAIL."
  database_name = var.databases["ops"]
  table_type    = "EXTERNAL_TABLE"

  # Days are worked out from the query, so that no crawler has to find them.
  parameters = {
    "EXTERNAL"                  = "TRUE"
    "classification"            = "json"
    "projection.enabled"        = "true"
    "projection.day.type"       = "date"
    "projection.day.format"     = "yyyy-MM-dd"
    "projection.day.range"      = "2026-01-01,NOW"
    "storage.location.template" = "${local.lineage}day=$${day}"
  }

  partition_keys {
    name = "day"
    type = "string"
  }

  storage_descriptor {
    location      = local.lineage
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }

    dynamic "columns" {
      for_each = local.lineage_columns

      content {
        name = columns.key
        type = columns.value
      }
    }
  }
}
