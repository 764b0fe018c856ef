data "aws_iam_policy_document" "state" {
  for_each = local.roles

  statement {
    sid       = "FindState"
    actions   = ["s3:ListBucket"]
    resources = [var.state.bucket_arn]
  }

  # A plan only reads the state, but locks it while it does.
  statement {
    sid       = "UseState"
    actions   = each.value.does == "plan" ? ["s3:GetObject"] : ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.state.bucket_arn}/${var.project}/${each.value.environment}/terraform.tfstate"]
  }

  statement {
    sid       = "LockState"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.state.bucket_arn}/${var.project}/${each.value.environment}/terraform.tfstate.tflock"]
  }

  statement {
    sid       = "UseKeyOfState"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.state.kms_key_arn]
  }
}

# ReadOnlyAccess reads the data too, which a plan has no need of.
data "aws_iam_policy_document" "plan" {
  for_each = var.environments

  statement {
    sid     = "NoObjects"
    effect  = "Deny"
    actions = ["s3:GetObject", "s3:GetObjectVersion"]
    not_resources = [
      "${var.state.bucket_arn}/*",
      "arn:${local.partition}:s3:::${var.project}-${each.key}-*-artifacts/*", # code, whose hashes a plan compares
      "arn:${local.partition}:s3:::${var.project}-${each.key}-*/metadata/*",  # of tables, which `lake monitor` reads
    ]
  }

  statement {
    sid       = "NoRows"
    effect    = "Deny"
    actions   = ["athena:GetQueryResults", "logs:FilterLogEvents", "logs:GetLogEvents", "sqs:ReceiveMessage"]
    resources = ["*"] # in a deny, everything
  }

  # The ledger and metadata of tables are encrypted.
  statement {
    sid       = "ReadWithKeyOfThisLake"
    actions   = ["kms:Decrypt"]
    resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"] # by its alias, see below

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = ["alias/${var.project}-${each.key}"]
    }
  }
}

# Everything a lake is made of. Where a service has names, only those of this lake.
data "aws_iam_policy_document" "deploy" {
  #checkov:skip=CKV_AWS_109:deployments make roles; their names, and what their boundary allows, are limited
  #checkov:skip=CKV_AWS_110:deployments make roles; their names, and what their boundary allows, are limited
  #checkov:skip=CKV_AWS_111:services without names of their own are named in the comment of the statement
  #checkov:skip=CKV_AWS_356:services without names of their own are named in the comment of the statement
  for_each = var.environments

  statement {
    sid       = "ResourcesOfThisLake"
    actions   = [for service in local.named_services : "${service}:*"] # Terraform reads and writes every setting
    resources = [for name in setproduct(local.named_services, ["", "-*", "/*"]) : "arn:${local.partition}:${name[0]}:*:${local.account}:*${var.project}-${each.key}${name[1]}"]
  }

  statement {
    sid       = "BucketsOfThisLake"
    actions   = ["s3:*"] # Terraform reads every setting of a bucket
    resources = ["arn:${local.partition}:s3:::${var.project}-${each.key}-*"]
  }

  statement {
    sid       = "RolesOfThisLake"
    actions   = local.role_actions
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-${each.key}-*"]
  }

  # The first application of EMR Serverless in an account needs it.
  statement {
    sid       = "RoleOfEmrServerlessItself"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/ops.emr-serverless.amazonaws.com/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ops.emr-serverless.amazonaws.com"]
    }
  }

  # APIs, keys, applications, event source mappings, catalog, log groups, workgroups and budgets have no names an ARN could begin with, or
  # need actions that know no resource.
  statement {
    sid       = "ServicesWithoutNames"
    actions   = ["apigateway:*", "athena:*", "backup:*", "backup-storage:*", "budgets:*", "ce:*", "emr-serverless:*", "glue:*", "kms:*", "lambda:*EventSourceMapping", "logs:*"] # see above
    resources = ["*"]                                                                                                                                                            # see above; the boundary takes out what no deployment needs
  }
}

# The most any of these roles can be given, whatever a policy says.
data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_1:a boundary gives nothing; it names what no policy may go beyond
  #checkov:skip=CKV_AWS_49:a boundary gives nothing; it names what no policy may go beyond
  #checkov:skip=CKV_AWS_107:a boundary gives nothing; it names what no policy may go beyond
  #checkov:skip=CKV_AWS_108:a boundary gives nothing; it names what no policy may go beyond
  #checkov:skip=CKV_AWS_109:a boundary gives nothing; it names what no policy may go beyond
  #checkov:skip=CKV_AWS_110:a boundary gives nothing; it names what no policy may go beyond
  #checkov:skip=CKV_AWS_111:a boundary gives nothing; it names what no policy may go beyond
  #checkov:skip=CKV_AWS_356:a boundary gives nothing; it names what no policy may go beyond
  for_each = var.environments

  statement {
    sid       = "WhatPoliciesAllow"
    actions   = ["*"] # a boundary gives nothing itself
    resources = ["*"] # a boundary gives nothing itself
  }

  statement {
    sid         = "OnlyRolesOfThisLake"
    effect      = "Deny"
    not_actions = concat(["iam:CreateServiceLinkedRole", "iam:Get*", "iam:List*"], local.role_actions)
    resources   = ["arn:${local.partition}:iam::*"] # no user, key, policy, provider or boundary
  }

  statement {
    sid       = "NotTheseRolesThemselves"
    effect    = "Deny"
    actions   = ["iam:*Role*"] # with what they may do they could give themselves more
    resources = ["arn:${local.partition}:iam::${local.account}:role/${var.project}-github-*"]
  }

  statement {
    sid       = "NotTheState"
    effect    = "Deny"
    actions   = ["kms:DisableKey*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "s3:DeleteBucket*", "s3:DeleteObjectVersion", "s3:PutBucket*", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"]
    resources = [var.state.bucket_arn, "${var.state.bucket_arn}/*", var.state.kms_key_arn]
  }
}

resource "aws_iam_policy" "boundary" {
  for_each = var.environments

  name        = "${var.project}-github-${each.key}-boundary"
  description = "The most the GitHub roles of environment ${each.key} can be given."
  policy      = data.aws_iam_policy_document.boundary[each.key].json
}
