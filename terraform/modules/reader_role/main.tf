data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  glue_arn = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  s3_arn   = "arn:${data.aws_partition.current.partition}:s3:::"

  # What a text reads. That a role cannot read a table is up to S3, whatever this finds.
  reads = "(?i)\\b(?:from|join)\\s+([a-z_0-9]+\\.[a-z_0-9]+)"

  views   = { for file in fileset(var.queries_dir, "views/*.sql") : trimsuffix(trimprefix(file, "views/"), ".sql") => file("${var.queries_dir}/${file}") }
  queries = { for file in fileset(var.queries_dir, "*.sql") : trimsuffix(file, ".sql") => file("${var.queries_dir}/${file}") }

  # A view runs with its reader's rights: it is of use to those who may read all of its tables.
  readable_views = [
    for view, sql in local.views : view
    if length(setsubtract(toset(flatten(regexall(local.reads, sql))), var.tables)) == 0
  ]

  # Only queries whose tables and views the role reads: all others would end with a refusal.
  readable_queries = {
    for name, sql in local.queries : name => sql
    if var.with_queries && length(setsubtract(toset(flatten(regexall(local.reads, sql))), concat(var.tables, local.readable_views))) == 0
  }

  readable = concat(sort(var.tables), sort(local.readable_views))

  glue_arns = { for name in local.readable : name => "${local.glue_arn}:table/${var.databases[split(".", name)[0]].name}/${split(".", name)[1]}" }
  file_arns = { for table in var.tables : table => "${local.s3_arn}${trimprefix(var.databases[split(".", table)[0]].location, "s3://")}${split(".", table)[1]}/*" }

  # A managed policy has at most 6,144 characters, and a table takes some 200. Ten can be attached to a role.
  policies = { for number, names in chunklist(local.readable, 20) : tostring(number + 1) => names }
}

data "aws_iam_policy_document" "tables" {
  for_each = local.policies

  statement {
    sid       = "FindTables"
    actions   = ["glue:GetTable"]
    resources = [for name in each.value : local.glue_arns[name]]
  }

  dynamic "statement" {
    for_each = length(setintersection(each.value, var.tables)) > 0 ? [setintersection(each.value, var.tables)] : []

    content {
      sid       = "ReadTables"
      actions   = ["s3:GetObject"]
      resources = [for table in statement.value : local.file_arns[table]]
    }
  }
}

resource "aws_iam_policy" "tables" {
  for_each = local.policies

  name        = "${var.name}-tables-${each.key}"
  description = "Tables and views that the role ${var.name} reads."
  policy      = data.aws_iam_policy_document.tables[each.key].json
}

resource "aws_iam_role_policy_attachment" "tables" {
  for_each = local.policies

  role       = var.name
  policy_arn = aws_iam_policy.tables[each.key].arn
}

# Results in a prefix of their own, which is all that the role reads of results.
resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Queries of the role ${var.name}: results in a prefix of their own, scans limited."
  force_destroy = var.force_destroy

  configuration {
    bytes_scanned_cutoff_per_query     = var.scan_limit_gb * 1000000000
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${var.results_bucket}/${var.name}/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = local.readable_queries

  name        = each.key
  description = substr(trimspace(trimprefix(split("\n", each.value)[0], "--")), 0, 1024)
  workgroup   = aws_athena_workgroup.this.name
  database    = var.databases["curated"].name
  query       = each.value
}
