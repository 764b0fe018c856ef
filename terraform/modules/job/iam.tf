data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  glue_arn = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  logs_arn = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  artifacts_arn = var.shared.buckets["artifacts"].arn
  paths         = setunion(var.job.access.read_paths, var.job.access.write_paths)
  databases     = setunion(var.job.access.read_databases, var.job.access.write_databases)

  # <zone>/<prefix> to the ARN of everything below it.
  path_arns = { for path in local.paths : path => "${var.shared.buckets[split("/", path)[0]].arn}/${join("/", slice(split("/", path), 1, length(split("/", path))))}*" }

  # The tables are the contracts', not Terraform's, hence table/<database>/*.
  database_arns = { for database in local.databases : database => [
    "${local.glue_arn}:database/${var.shared.databases[database]}", "${local.glue_arn}:table/${var.shared.databases[database]}/*",
  ] }

  on_emr = var.shared.emr_log_group != null

  log_statements = {
    emr_serverless = {
      FindLogGroup = { actions = ["logs:DescribeLogGroups"], resources = ["${local.logs_arn}:log-group:*"] }                                                            # EMR looks for the group among all
      WriteLog     = { actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], resources = ["${try(var.shared.emr_log_group.arn, "")}:*"] } # streams are named by job run
    }
    glue = {
      UseSecurityConfiguration = { actions = ["glue:GetSecurityConfiguration"], resources = ["*"] } # the action cannot be limited to resources
      WriteLog = {
        actions   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        resources = ["${local.logs_arn}:log-group:/aws-glue/*"] # Glue also writes what happens before the job starts, to groups it chooses
      }
    }
  }

  network_statements = { for sid, statement in {
    ReadConnections = { actions = ["glue:GetConnection", "glue:GetConnections"], resources = concat(["${local.glue_arn}:catalog"], [for name in var.shared.connections : "${local.glue_arn}:connection/${name}"]) }
    JoinNetwork = {
      actions   = [for action in ["CreateNetworkInterface", "CreateTags", "DeleteNetworkInterface", "DescribeNetworkInterfaces", "DescribeRouteTables", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcAttribute", "DescribeVpcEndpoints"] : "ec2:${action}"]
      resources = ["*"] # network interfaces have no names before they are made
    }
  } : sid => statement if length(var.shared.connections) > 0 }

  call_statements = { for sid, statement in {
    CallFunctions = { actions = ["lambda:InvokeFunction"], resources = var.job.access.function_arns }
  } : sid => statement if length(var.job.access.function_arns) > 0 }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [local.on_emr ? "emr-serverless.amazonaws.com" : "glue.amazonaws.com"]
    }

    # IfExists: AWS does not document that either sends its account, and without the role nothing would run.
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = local.name
  description        = "What the job ${local.name} may do, and nothing else."
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ListZones"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [for zone in toset(concat(["artifacts"], [for path in local.paths : split("/", path)[0]])) : var.shared.buckets[zone].arn]
  }

  statement {
    sid     = "ReadObjects"
    actions = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = concat(values(local.path_arns), [
      "${local.artifacts_arn}/glue_jobs/${var.job.folder}/*", # the hash in the name changes with each release
      "${local.artifacts_arn}/libs/*",
      "${local.artifacts_arn}/runs/*",
      "${local.artifacts_arn}/staging/*",
    ])
  }

  statement {
    sid       = "WriteRunReports"
    actions   = ["s3:PutObject"]
    resources = ["${local.artifacts_arn}/runs/*"]
  }

  dynamic "statement" {
    for_each = length(var.job.access.write_paths) > 0 ? [var.job.access.write_paths] : []

    content {
      sid       = "WriteTableFiles"
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
      resources = [for path in statement.value : local.path_arns[path]]
    }
  }

  statement {
    sid       = "ReadTables"
    actions   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
    resources = concat(["${local.glue_arn}:catalog"], flatten(values(local.database_arns)))
  }

  dynamic "statement" {
    for_each = length(var.job.access.write_databases) > 0 ? [var.job.access.write_databases] : []

    content {
      sid       = "CommitTables"
      actions   = ["glue:UpdateTable"]
      resources = concat(["${local.glue_arn}:catalog"], flatten([for database in statement.value : local.database_arns[database]]))
    }
  }

  statement {
    sid       = "ReportToStateMachine"
    actions   = ["states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"]
    resources = var.shared.state_machine_arns
  }

  dynamic "statement" {
    for_each = merge(local.log_statements[local.on_emr ? "emr_serverless" : "glue"], local.network_statements, local.call_statements)

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  dynamic "statement" {
    for_each = local.on_emr ? [] : [true]

    content {
      sid       = "SendMetrics"
      actions   = ["cloudwatch:PutMetricData"]
      resources = ["*"] # the action can be limited by namespace only, not by resource

      condition {
        test     = "StringEquals"
        variable = "cloudwatch:namespace"
        values   = ["Glue"]
      }
    }
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.shared.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "run"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}
