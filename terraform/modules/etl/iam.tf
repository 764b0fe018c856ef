data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  glue_arn = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  logs_arn = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  functions_arn = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # <zone>/<prefix> to the ARN of everything below it.
  path_arns = {
    for path in toset(flatten([for job in var.jobs : setunion(job.read_paths, job.write_paths)])) :
    path => "${var.bucket_arns[split("/", path)[0]]}/${join("/", slice(split("/", path), 1, length(split("/", path))))}*"
  }

  own_objects = {
    for job in keys(var.jobs) : job => [
      "${var.bucket_arns["artifacts"]}/glue_jobs/${job}/*", # the hash in the name changes with each release
      "${var.bucket_arns["artifacts"]}/libs/*",
      "${var.bucket_arns["artifacts"]}/runs/*",
      "${var.bucket_arns["artifacts"]}/staging/*",
    ]
  }

  zones = {
    for name, job in var.jobs : name => toset(concat(["artifacts"], [for path in setunion(job.read_paths, job.write_paths) : split("/", path)[0]]))
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = var.jobs

  name               = local.names[each.key]
  description        = "What the Glue job ${local.names[each.key]} may do, and nothing else."
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "this" {
  for_each = var.jobs

  statement {
    sid       = "ListZones"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [for zone in local.zones[each.key] : var.bucket_arns[zone]]
  }

  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = concat(local.own_objects[each.key], [for path in setunion(each.value.read_paths, each.value.write_paths) : local.path_arns[path]])
  }

  statement {
    sid       = "WriteRunReports"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["artifacts"]}/runs/*"]
  }

  dynamic "statement" {
    for_each = length(each.value.write_paths) > 0 ? [each.value.write_paths] : []

    content {
      sid       = "WriteTableFiles"
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
      resources = [for path in statement.value : local.path_arns[path]]
    }
  }

  # The tables are the contracts', not Terraform's, hence table/<database>/*.
  statement {
    sid     = "ReadTables"
    actions = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
    resources = concat(["${local.glue_arn}:catalog"], flatten([
      for database in setunion(each.value.read_databases, each.value.write_databases) :
      ["${local.glue_arn}:database/${var.databases[database]}", "${local.glue_arn}:table/${var.databases[database]}/*"]
    ]))
  }

  dynamic "statement" {
    for_each = length(each.value.write_databases) > 0 ? [each.value.write_databases] : []

    content {
      sid     = "CommitTables"
      actions = ["glue:UpdateTable"]
      resources = concat(["${local.glue_arn}:catalog"], flatten([
        for database in statement.value :
        ["${local.glue_arn}:database/${var.databases[database]}", "${local.glue_arn}:table/${var.databases[database]}/*"]
      ]))
    }
  }

  # By name: the functions are given the jobs' names, so one of the two has to be known beforehand.
  dynamic "statement" {
    for_each = length(each.value.invoke_functions) > 0 ? [each.value.invoke_functions] : []

    content {
      sid       = "CallFunctions"
      actions   = ["lambda:InvokeFunction"]
      resources = [for function in statement.value : "${local.functions_arn}:function:${var.name_prefix}-${replace(function, "_", "-")}"]
    }
  }

  statement {
    sid       = "ReportToStateMachine"
    actions   = ["states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"]
    resources = var.state_machine_arns
  }

  statement {
    sid       = "UseSecurityConfiguration"
    actions   = ["glue:GetSecurityConfiguration"]
    resources = ["*"] # the action knows no resources
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.logs_arn}:log-group:/aws-glue/*"] # group and stream names are Glue's
  }

  statement {
    sid       = "SendMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # the action knows no resources, only namespaces

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue"]
    }
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = var.jobs

  name   = "run"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.this[each.key].json
}
