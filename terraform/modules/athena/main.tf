resource "aws_athena_workgroup" "this" {
  name          = var.shared.name_prefix
  description   = "Queries of the lake: results encrypted, scans limited, both whatever the client asks for."
  force_destroy = var.force_destroy

  configuration {
    bytes_scanned_cutoff_per_query     = var.scan_limit_gb * 1000000000
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${var.results_bucket}/${var.shared.name_prefix}/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.shared.kms_key_arn
      }
    }
  }
}

locals {
  queries = { for file in fileset(var.queries_dir, "*.sql") : trimsuffix(file, ".sql") => file("${var.queries_dir}/${file}") }

  # The first line of a query says what it answers; the console shows it beside the name.
  titles = { for name, sql in local.queries : name => trimspace(trimprefix(split("\n", sql)[0], "--")) }

  # Without its comments a query is what a client prepares; only those with parameters are worth it.
  statements = { for name, sql in local.queries : name => join("\n", [for line in split("\n", sql) : line if !startswith(trimspace(line), "--")]) }
}

resource "aws_athena_named_query" "this" {
  for_each = local.queries

  name        = each.key
  description = substr(local.titles[each.key], 0, 1024)
  workgroup   = aws_athena_workgroup.this.name
  database    = var.databases["curated"]
  query       = each.value
}

resource "aws_athena_prepared_statement" "this" {
  for_each = { for name, statement in local.statements : name => statement if strcontains(statement, "?") }

  name            = each.key
  description     = substr(local.titles[each.key], 0, 1024)
  workgroup       = aws_athena_workgroup.this.name
  query_statement = each.value
}
