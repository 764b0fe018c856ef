output "incoming_queue_url" {
  description = "Queue of dropped files waiting to be validated."
  value       = aws_sqs_queue.incoming.url
}

output "incoming_dlq_url" {
  description = "Queue of dropped files that could not be validated."
  value       = aws_sqs_queue.incoming_dlq.url
}

output "events_dlq_url" {
  description = "Queue of events that could not be delivered or handled."
  value       = aws_sqs_queue.events_dlq.url
}

output "events_dlq_arn" {
  description = "ARN of the queue of events that could not be delivered or handled."
  value       = aws_sqs_queue.events_dlq.arn
}

output "event_bus" {
  description = "Bus of the lake's own events: name and ARN."
  value       = { name = aws_cloudwatch_event_bus.this.name, arn = aws_cloudwatch_event_bus.this.arn }
}

output "ledger" {
  description = "Table of files and runs: name, ARN, and the actions a function needs to use it."
  value = {
    name    = aws_dynamodb_table.ledger.name
    arn     = aws_dynamodb_table.ledger.arn
    actions = local.ledger_actions
  }
}

output "idempotency_table_arn" {
  description = "ARN of the table in which functions remember what they already did."
  value       = aws_dynamodb_table.idempotency.arn
}

output "common_environment" {
  description = "Environment variables every function of the lake gets."
  value       = local.common_environment
}

output "layer_arns" {
  description = "Layer versions, keyed by layer."
  value       = { for name, layer in aws_lambda_layer_version.this : name => layer.arn }
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { file_validator = module.file_validator.name }
}
