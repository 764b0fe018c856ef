output "ledger_table" {
  description = "DynamoDB table of files and runs."
  value       = aws_dynamodb_table.ledger.name
}

output "ledger_arn" {
  description = "ARN of the ledger."
  value       = aws_dynamodb_table.ledger.arn
}

output "event_bus" {
  description = "Bus of the lake's own events."
  value       = aws_cloudwatch_event_bus.this.name
}

output "metrics_namespace" {
  description = "Namespace of the metrics that functions send to CloudWatch."
  value       = local.metrics_namespace
}

output "events_dlq_name" {
  description = "Name of the queue of events that could not be delivered or handled."
  value       = module.events_dlq.name
}

output "events_dlq_url" {
  description = "Queue of events that could not be delivered or handled."
  value       = module.events_dlq.url
}

output "shared" {
  description = "What every function of the lake shares, input `shared` of module `function`; with it the bus, and what functions need to use bus and tables: policy statements keyed by statement id."
  value = {
    name_prefix           = var.name_prefix
    environment           = var.environment
    artifacts_dir         = var.artifacts_dir
    artifacts_bucket      = var.artifacts_bucket
    architecture          = var.architecture
    layer_arns            = { for name, layer in aws_lambda_layer_version.this : name => layer.arn }
    environment_variables = local.common_environment
    log_level             = var.logs.level
    log_retention_days    = var.logs.retention_days
    kms_key_arn           = var.kms_key_arn
    failure_queue_arn     = module.events_dlq.arn
    alarm_topic_arn       = var.alarm_topic_arn
    network               = var.network
    event_bus             = aws_cloudwatch_event_bus.this.name
    grants                = local.grants
  }
}
