# Built from names, not read from the resource: the Glue jobs may then be granted to report to the machine that waits for them.
output "state_machine_arns" {
  description = "ARNs of the state machines, keyed by what they do: ingest loads one batch, refresh rebuilds stale tables, maintenance keeps tables fast."
  value       = local.state_machine_arns
}

output "alerts_topic_arn" {
  description = "Topic of alarms and failed runs."
  value       = aws_sns_topic.alerts.arn
}

output "maintenance_schedule" {
  description = "When tables are looked at for maintenance; null when on demand only."
  value       = one(aws_scheduler_schedule.maintenance[*].schedule_expression)
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { for name, function in module.function : name => function.name }
}
