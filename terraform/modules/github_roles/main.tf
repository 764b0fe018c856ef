data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  issuer    = "token.actions.githubusercontent.com"

  provider_arn = var.create_provider ? aws_iam_openid_connect_provider.github[0].arn : "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"

  named_services = ["cloudwatch", "dynamodb", "events", "lambda", "scheduler", "sns", "sqs", "states"]
  role_actions   = [for action in ["AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePolicy", "DetachRolePolicy", "PassRole", "PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"] : "iam:${action}"]

  # A job gets the name of its GitHub environment into its token; who may use an environment, and after whose approval,
  # is decided in GitHub.
  roles = merge([for environment in var.environments : {
    "${environment}-plan"   = { environment = environment, does = "plan", subjects = ["${environment}-plan", environment] }
    "${environment}-deploy" = { environment = environment, does = "deploy", subjects = [environment] }
  }]...)
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "assume" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    dynamic "condition" {
      for_each = { aud = ["sts.amazonaws.com"], sub = [for environment in each.value.subjects : "repo:${var.repository}:environment:${environment}"] }

      content {
        test     = "StringEquals"
        variable = "${local.issuer}:${condition.key}"
        values   = condition.value
      }
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.project}-github-${each.key}"
  description          = "What GitHub jobs of environment ${each.value.environment} in ${var.repository} may do to ${each.value.does} the lake."
  assume_role_policy   = data.aws_iam_policy_document.assume[each.key].json
  permissions_boundary = aws_iam_policy.boundary[each.value.environment].arn
}

resource "aws_iam_role_policy" "state" {
  for_each = local.roles

  name   = "state"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.state[each.key].json
}

resource "aws_iam_role_policy_attachment" "read" {
  for_each = aws_iam_role.this

  role       = each.value.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.value.does
  role   = aws_iam_role.this[each.key].id
  policy = { plan = data.aws_iam_policy_document.plan, deploy = data.aws_iam_policy_document.deploy }[each.value.does][each.value.environment].json
}
