resource "aws_glue_catalog_database" "this" {
  for_each = var.databases

  name         = "${var.database_prefix}${each.key}"
  description  = each.value.description
  location_uri = each.value.location
}

resource "aws_glue_crawler" "raw" {
  name          = "${var.name_prefix}-raw"
  description   = "Catalogs the files as they were dropped, one table per dataset."
  role          = aws_iam_role.crawler.arn
  database_name = aws_glue_catalog_database.this["raw"].name
  schedule      = var.crawler_schedule

  # bucket/incoming/<dataset> is level 3: one table per dataset, whatever the folders below it look like.
  configuration = jsonencode({
    Version = 1
    Grouping = {
      TableGroupingPolicy     = "CombineCompatibleSchemas"
      TableLevelConfiguration = 3
    }
  })

  s3_target {
    path = "s3://${var.raw_bucket_name}/incoming/"
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
