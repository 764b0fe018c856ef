locals {
  run_queries = [
    "athena:BatchGetNamedQuery", "athena:BatchGetQueryExecution", "athena:GetNamedQuery", "athena:GetPreparedStatement", "athena:GetQueryExecution",
    "athena:GetQueryResults", "athena:GetQueryRuntimeStatistics", "athena:GetWorkGroup", "athena:ListNamedQueries",
    "athena:ListPreparedStatements", "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution",
  ]
  browse = ["athena:GetDataCatalog", "athena:GetDatabase", "athena:GetTableMetadata", "athena:ListDatabases", "athena:ListTableMetadata"]

  database_arns = concat(["${local.glue_arn}:catalog"], [for database in var.databases : "${local.glue_arn}:database/${database.name}"])
  table_arns    = [for database in var.databases : "${local.glue_arn}:table/${database.name}/*"] # the tables are the contracts'

  results_arn = var.buckets["athena-results"].arn
  prefixes    = { for role in keys(var.people) : role => role == "data_engineer" ? var.workgroup : aws_iam_role.people[role].name }
  workgroups  = { for role in keys(var.people) : role => "${local.athena_arn}:workgroup/${local.prefixes[role]}" }

  # What each role may do beside queries.
  statements = {
    data_engineer = {
      ReadTables    = { actions = ["glue:GetPartitions", "glue:GetTable", "glue:GetTableVersions"], resources = concat(local.database_arns, local.table_arns) }
      ReadFiles     = { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = [for zone in ["artifacts", "curated", "exports", "processed", "quarantine", "raw"] : "${var.buckets[zone].arn}/*"] }
      ListFiles     = { actions = ["s3:GetBucketLocation", "s3:ListBucket"], resources = [for zone in ["artifacts", "curated", "exports", "processed", "quarantine", "raw"] : var.buckets[zone].arn] }
      DropFiles     = { actions = ["s3:PutObject"], resources = ["${var.buckets["raw"].arn}/incoming/*"] }
      ReadLedger    = { actions = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"], resources = [var.ledger_arn, "${var.ledger_arn}/index/*"] }
      ReadWorkflows = { actions = ["states:DescribeExecution", "states:GetExecutionHistory", "states:ListExecutions"], resources = ["${local.states_arn}:stateMachine:${var.name_prefix}-*", "${local.states_arn}:execution:${var.name_prefix}-*"] }
      ReadLogs      = { actions = ["logs:FilterLogEvents", "logs:GetLogEvents"], resources = ["${local.logs_arn}:log-group:/aws/*/${var.name_prefix}*"] }
      StartRuns     = { actions = ["lambda:InvokeFunction"], resources = var.function_arns }
    }
    analyst = {}
    auditor = {
      ReadLedger     = { actions = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"], resources = [var.ledger_arn, "${var.ledger_arn}/index/*"] }
      ReadRuns       = { actions = ["s3:GetObject"], resources = [for folder in ["lineage", "query_history", "runs"] : "${var.buckets["artifacts"].arn}/${folder}/*"] }
      ReadAccessLogs = { actions = ["s3:GetObject"], resources = ["${local.s3_arn}${var.access_logs_bucket}/*"] }
      ListRecords    = { actions = ["s3:GetBucketLocation", "s3:ListBucket"], resources = [var.buckets["artifacts"].arn, "${local.s3_arn}${var.access_logs_bucket}"] }
      ReadLogs       = { actions = ["logs:FilterLogEvents", "logs:GetLogEvents"], resources = ["${local.logs_arn}:log-group:/aws/*/${var.name_prefix}*"] }
      ReadCloudTrail = { actions = ["cloudtrail:LookupEvents"], resources = ["*"] } # has no resources
    }
  }

}

data "aws_iam_policy_document" "access" {
  for_each = var.people

  dynamic "statement" {
    for_each = { for sid, statement in local.statements[each.key] : sid => statement if length(statement.resources) > 0 }

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  statement {
    sid       = "RunQueries"
    actions   = local.run_queries
    resources = [local.workgroups[each.key]]
  }

  # Names and columns of all tables, which the console lists; no row of them. GetTable also needs the right on the table.
  statement {
    sid       = "BrowseCatalog"
    actions   = concat(local.browse, ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTables"])
    resources = concat(["${local.athena_arn}:datacatalog/AwsDataCatalog"], local.database_arns, local.table_arns)
  }

  statement {
    sid       = "FindDatabases"
    actions   = ["glue:GetTable"]
    resources = local.database_arns
  }

  statement {
    sid       = "KeepResults"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.results_arn}/${local.prefixes[each.key]}/*"]
  }

  statement {
    sid       = "FindResults"
    actions   = ["s3:GetBucketLocation"]
    resources = [local.results_arn]
  }

  # Only through services that read objects, the ledger or logs for the caller: what the other statements allow.
  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["athena", "dynamodb", "logs", "s3"] : "${service}.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

resource "aws_iam_role_policy" "access" {
  for_each = var.people

  name   = "access"
  role   = aws_iam_role.people[each.key].id
  policy = data.aws_iam_policy_document.access[each.key].json
}
