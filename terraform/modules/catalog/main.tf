resource "aws_glue_catalog_database" "this" {
  for_each = var.databases

  name         = "${var.database_prefix}${each.key}"
  description  = each.value.description
  location_uri = each.value.location
}

resource "aws_glue_crawler" "raw" {
  name          = "${var.name_prefix}-raw"
  description   = "Catalogs the files as they were dropped: a target and a table for each dataset."
  role          = aws_iam_role.crawler.arn
  database_name = aws_glue_catalog_database.this["raw"].name
  schedule      = var.crawler_schedule

  # bucket/incoming/<dataset> is level 3: one table per dataset, whatever the folders below it look like.
  # Partitions inherit the table's columns: Athena refuses one that differs from its table.
  configuration = jsonencode({
    Version = 1
    Grouping = {
      TableGroupingPolicy     = "CombineCompatibleSchemas"
      TableLevelConfiguration = 3
    }
    CrawlerOutput = {
      Partitions = { AddOrUpdateBehavior = "InheritFromTable" }
    }
  })

  # One crawler for all of them: Glue bills ten minutes for every run of every crawler.
  dynamic "s3_target" {
    for_each = var.datasets

    content {
      path       = "s3://${var.raw_bucket_name}/incoming/${s3_target.value}/"
      exclusions = ["replay/**"] # rows the lake sent through again; the files they came from are there as well
    }
  }

  lineage_configuration {
    crawler_lineage_settings = "DISABLE"
  }

  schema_change_policy {
    delete_behavior = "LOG"
    update_behavior = "UPDATE_IN_DATABASE"
  }

  recrawl_policy {
    recrawl_behavior = "CRAWL_EVERYTHING"
  }

  # A crawler whose role may not read yet fails its first scheduled run.
  depends_on = [aws_iam_role_policy.crawler]
}

locals {
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
  database_name = aws_glue_catalog_database.this["ops"].name
  table_type    = "EXTERNAL_TABLE"

  # Days are worked out from the query, so that no crawler has to find them.
  parameters = {
    "EXTERNAL"                  = "TRUE"
    "classification"            = "json"
    "projection.enabled"        = "true"
    "projection.day.type"       = "date"
    "projection.day.format"     = "yyyy-MM-dd"
    "projection.day.range"      = "2026-01-01,NOW"
    "storage.location.template" = "${var.query_history}day=$${day}"
  }

  partition_keys {
    name = "day"
    type = "string"
  }

  storage_descriptor {
    location      = var.query_history
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
