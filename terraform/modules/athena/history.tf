locals {
  history = "s3://${var.artifacts_bucket.name}/query_history/"

  query_ended = {
    workgroupName = [aws_athena_workgroup.this.name]
    currentState  = ["CANCELLED", "FAILED", "SUCCEEDED"]
  }

  # What lambdas/query_recorder writes, a JSON object for each query.
  query_history_columns = {
    query_execution_id  = "string"
    state               = "string"
    statement_type      = "string"
    query_name          = "string"
    query_hash          = "string"
    database_name       = "string"
    submitted_at        = "timestamp"
    scanned_bytes       = "bigint"
    queued_milliseconds = "bigint"
    total_milliseconds  = "bigint"
    reused_result       = "boolean"
    error_code          = "string"
  }
}

resource "aws_glue_catalog_table" "query_history" {
  name          = "query_history"
  description   = "One row per query of the workgroup that ended: what it scanned, how long it took. Never its text."
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
    "storage.location.template" = "${local.history}day=$${day}"
  }

  partition_keys {
    name = "day"
    type = "string"
  }

  storage_descriptor {
    location      = local.history
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }

    dynamic "columns" {
      for_each = local.query_history_columns

      content {
        name = columns.key
        type = columns.value
      }
    }
  }
}

module "query_recorder" {
  source = "../function"

  shared                = var.shared
  function              = "query_recorder"
  description           = "Records what each query of the workgroup scanned and how it ended, for ops.query_history."
  memory_mb             = 512
  environment_variables = { ARTIFACTS_BUCKET = var.artifacts_bucket.name }
  statements = {
    ReadQueries  = { actions = ["athena:GetQueryExecution"], resources = [aws_athena_workgroup.this.arn] }
    WriteHistory = { actions = ["s3:PutObject"], resources = ["${var.artifacts_bucket.arn}/query_history/*"] }
  }
}

module "query_ended" {
  source = "../event_rule"

  name_prefix = var.shared.name_prefix
  rule        = "query-ended"
  description = "A query ended: record what it scanned."
  event = {
    source      = "aws.athena"
    detail_type = "Athena Query State Change"
    detail      = local.query_ended
  }
  function          = { folder = "query_recorder", name = module.query_recorder.name, alias = module.query_recorder.alias, arn = module.query_recorder.arn }
  failure_queue_arn = var.shared.failure_queue_arn
}
