data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  account_arn = "arn:${data.aws_partition.current.partition}:iam::${local.account_id}:root"
  sso_arn     = "arn:${data.aws_partition.current.partition}:iam::${local.account_id}:role/aws-reserved/sso.amazonaws.com"
  athena_arn  = "arn:${data.aws_partition.current.partition}:athena:${data.aws_region.current.name}:${local.account_id}"
  logs_arn    = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${local.account_id}"
  glue_arn    = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${local.account_id}"
  s3_arn      = "arn:${data.aws_partition.current.partition}:s3:::"
  states_arn  = "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${local.account_id}"

  people_without_personal_data = toset([for role in ["analyst", "auditor"] : role if contains(keys(var.people), role)])

  # Roles of IAM Identity Center have a random end, and a principal must exist and can be no pattern: conditions name those that do not.
  trusted = {
    for role, who in var.people : role => {
      Principals     = { action = "sts:AssumeRole", type = "AWS", identifiers = who.principal_arns, conditions = [] }
      PermissionSets = { action = "sts:AssumeRole", type = "AWS", identifiers = length(who.permission_sets) > 0 ? [local.account_arn] : [], conditions = [{ test = "ArnLike", variable = "aws:PrincipalArn", values = flatten([for name in who.permission_sets : ["${local.sso_arn}/AWSReservedSSO_${name}_*", "${local.sso_arn}/*/AWSReservedSSO_${name}_*"]]) }] }
      Functions      = { action = "sts:AssumeRole", type = "AWS", identifiers = length(who.function_role_arns) > 0 ? [local.account_arn] : [], conditions = [{ test = "ArnEquals", variable = "aws:PrincipalArn", values = who.function_role_arns }] }
      Saml           = { action = "sts:AssumeRoleWithSAML", type = "Federated", identifiers = who.saml_provider_arns, conditions = [{ test = "StringEquals", variable = "SAML:aud", values = ["https://signin.aws.amazon.com/saml"] }] }
    }
  }

  descriptions = {
    data_engineer = "Reads all tables and files, personal data included, drops files, starts and follows runs."
    analyst       = "Reads tables without personal data, by queries of a workgroup of its own."
    auditor       = "Reads what the lake did: ledger, tables of ops, run documents, logs, access logs. No personal data."
  }
}

data "aws_iam_policy_document" "people" {
  for_each = local.trusted

  dynamic "statement" {
    for_each = { for kind, one in each.value : kind => one if length(one.identifiers) > 0 }

    content {
      sid     = statement.key
      actions = [statement.value.action]

      principals {
        type        = statement.value.type
        identifiers = statement.value.identifiers
      }

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role" "people" {
  for_each = var.people

  name                 = "${var.name_prefix}-${replace(each.key, "_", "-")}"
  description          = local.descriptions[each.key]
  assume_role_policy   = data.aws_iam_policy_document.people[each.key].json
  max_session_duration = 28800 # a working day
}
