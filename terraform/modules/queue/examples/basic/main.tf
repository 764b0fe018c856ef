module "queue" {
  source = "../.."

  name_prefix      = "cartlake-test"
  queue            = "incoming"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
  sender_rule_arns = ["arn:aws:events:eu-west-1:123456789012:rule/cartlake-test-object-created"]
  dead_letters     = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:cartlake-test-incoming-dlq", max_receive_count = 3 }
}

output "name" {
  description = "Name of the queue."
  value       = module.queue.name
}
