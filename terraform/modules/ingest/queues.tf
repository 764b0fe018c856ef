data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

module "incoming" {
  source = "../queue"

  name_prefix                = var.shared.name_prefix
  queue                      = "incoming"
  kms_key_arn                = var.shared.kms_key_arn
  retention_days             = var.queue.retention_days
  visibility_timeout_seconds = var.queue.visibility_multiplier * var.validator.timeout_seconds
  dead_letters               = { queue_arn = module.incoming_dlq.arn, max_receive_count = var.queue.max_receive_count }

  # By name: the rule's target is this queue.
  sender_rule_arns = ["arn:${data.aws_partition.current.partition}:events:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:rule/${local.object_created_rule}"]
}

module "incoming_dlq" {
  source = "../queue"

  name_prefix   = var.shared.name_prefix
  queue         = "incoming-dlq"
  kms_key_arn   = var.shared.kms_key_arn
  source_queues = ["incoming"]
}
