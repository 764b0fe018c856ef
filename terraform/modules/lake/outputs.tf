output "name_prefix" {
  description = "Start of every name: <project>-<environment>."
  value       = local.name_prefix
}

output "environment" {
  description = "Name of the environment."
  value       = var.environment
}

output "region" {
  description = "Region the lake lives in."
  value       = data.aws_region.current.name
}

output "account_id" {
  description = "Account the lake lives in."
  value       = data.aws_caller_identity.current.account_id
}

output "buckets" {
  description = "Bucket names, keyed by zone."
  value       = local.buckets
}

output "databases" {
  description = "Glue database names, keyed by the name the contracts use."
  value       = module.catalog.databases
}

output "crawlers" {
  description = "Crawler names, keyed by the zone they catalog."
  value       = module.catalog.crawlers
}

output "export_reader_roles" {
  description = "ARNs of the roles that other accounts assume to read exports, keyed by reader."
  value       = module.sharing.reader_role_arns
}

output "workgroup" {
  description = "Athena workgroup that enforces encryption and the scan limit."
  value       = module.athena.workgroup
}

output "named_queries" {
  description = "Ids of the Athena named queries, keyed by name."
  value       = module.athena.named_queries
}

output "ledger_table" {
  description = "DynamoDB table of files and runs."
  value       = module.ingest.ledger.name
}

output "incoming_queue_url" {
  description = "Queue of dropped files waiting to be validated."
  value       = module.ingest.incoming_queue_url
}

output "incoming_dlq_url" {
  description = "Queue of dropped files that could not be validated."
  value       = module.ingest.incoming_dlq_url
}

output "events_dlq_url" {
  description = "Queue of events that could not be delivered or handled."
  value       = module.ingest.events_dlq_url
}

output "event_bus" {
  description = "Bus of the lake's own events."
  value       = module.ingest.event_bus.name
}

output "state_machine_arns" {
  description = "State machines, keyed by what they do: ingest loads one batch, refresh rebuilds stale tables, maintenance keeps tables fast."
  value       = module.orchestration.state_machine_arns
}

output "maintenance_schedule" {
  description = "When tables are looked at for maintenance; null when on demand only."
  value       = module.orchestration.maintenance_schedule
}

output "alerts_topic_arn" {
  description = "Topic of alarms and failed runs."
  value       = module.orchestration.alerts_topic_arn
}

output "glue_jobs" {
  description = "Glue job names, keyed by their folder under glue_jobs/."
  value       = { for job, attributes in module.etl.jobs : job => attributes.name }
}

output "functions" {
  description = "Lambda function names, keyed by their folder under lambdas/."
  value       = merge(module.ingest.function_names, module.orchestration.function_names)
}
