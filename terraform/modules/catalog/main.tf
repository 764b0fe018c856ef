resource "aws_glue_catalog_database" "this" {
  for_each = var.databases

  name         = "${var.database_prefix}${each.key}"
  description  = each.value.description
  location_uri = each.value.location
}

locals {
  files = {
    csv     = ["**.csv", "**.csv.gz"]
    jsonl   = ["**.json", "**.json.gz", "**.jsonl", "**.jsonl.gz", "**.ndjson", "**.ndjson.gz"]
    parquet = ["**.parquet"]
  }
}

# Glue's own classifier takes quotes and the delimiters inside them for text.
resource "aws_glue_classifier" "csv" {
  name = "${var.name_prefix}-csv"

  csv_classifier {
    allow_single_column    = true
    contains_header        = "PRESENT"
    delimiter              = ","
    disable_value_trimming = true
    quote_symbol           = "\""
    serde                  = "OpenCSVSerDe"
  }
}

resource "aws_glue_crawler" "raw" {
  name          = "${var.name_prefix}-raw"
  description   = "Catalogs the files as they were dropped: a target and a table for each dataset."
  role          = aws_iam_role.crawler.arn
  database_name = aws_glue_catalog_database.this["raw"].name
  classifiers   = [aws_glue_classifier.csv.name]
  schedule      = var.crawler_schedule

  security_configuration = var.security_configuration

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
      path = "s3://${var.raw_bucket.name}/incoming/${s3_target.key}/"
      # Replayed rows, whose files are there as well; and files of other formats: a table has one.
      exclusions = concat(["replay/**"], flatten([for format, names in local.files : names if format != s3_target.value]))
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
