output "topic_arns" {
  description = "Topics: alerts, of alarms, failed runs and rejected files, and where asked for pages."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }

  depends_on = [aws_sns_topic_policy.this]
}

output "undelivered_queues" {
  description = "Names of the queues of pages that were not delivered, keyed by what alarms call them; empty without PagerDuty."
  value       = { for queue in module.undelivered : "pages" => queue.name }
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { notifier = module.notifier.name }
}
