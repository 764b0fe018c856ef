# Who reads which tables: a role without personal data reads those whose contract protects no column.
locals {
  open_tables = sort([for table, columns in var.protected_columns : table if length(columns) == 0])

  readable = {
    analyst = [for table in local.open_tables : table if !startswith(table, "ops.")]
    auditor = concat([for table in local.open_tables : table if startswith(table, "ops.")], ["ops.lineage", "ops.query_history"]) # of module `athena`
  }
}

module "reader_role" {
  source   = "../reader_role"
  for_each = { for role in local.people_without_personal_data : role => aws_iam_role.people[role].name }

  name           = each.value
  tables         = local.readable[each.key]
  databases      = var.databases
  queries_dir    = var.queries_dir
  with_queries   = each.key == "analyst"
  results_bucket = var.buckets["athena-results"].name
  scan_limit_gb  = var.scan_limit_gb
  kms_key_arn    = var.kms_key_arn
  force_destroy  = var.force_destroy
}
