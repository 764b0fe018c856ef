data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "state_machine" {
  for_each = local.machines

  name               = local.state_machine_names[each.key]
  description        = "What the state machine ${local.state_machine_names[each.key]} may do, and nothing else."
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

locals {
  # The functions a machine calls are those its definition names.
  steps = {
    for machine, path in local.definition_files : machine =>
    [for name in local.called_functions : name if strcontains(file(path), "$${${name}_function_arn}")]
  }
}

data "aws_iam_policy_document" "state_machine" {
  for_each = local.machines

  statement {
    sid       = "CallSteps"
    actions   = ["lambda:InvokeFunction"]
    resources = [for name in local.steps[each.key] : module.function[name].arn]
  }

  statement {
    sid       = "Alert"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"] # log deliveries have no resources to name
  }

  statement {
    sid = "SendTraces"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"] # X-Ray has no resources to name
  }
}

resource "aws_iam_role_policy" "state_machine" {
  for_each = local.machines

  name   = "run"
  role   = aws_iam_role.state_machine[each.key].id
  policy = data.aws_iam_policy_document.state_machine[each.key].json
}
