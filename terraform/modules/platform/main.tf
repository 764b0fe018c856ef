data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_cloudwatch_event_bus" "this" {
  name = var.name_prefix
}

module "events_dlq" {
  source = "../queue"

  name_prefix = var.name_prefix
  queue       = "events-dlq"
  kms_key_arn = var.kms_key_arn

  # Rules of every module, on the default bus and on the lake's, send what they could not deliver here; listing them would
  # make a cycle.
  sender_rule_arns = [for separator in ["-", "/"] : "arn:${data.aws_partition.current.partition}:events:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:rule/${var.name_prefix}${separator}*"]
}
