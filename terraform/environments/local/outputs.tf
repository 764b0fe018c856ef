output "name_prefix" {
  description = "Start of every name: <project>-<environment>."
  value       = module.lake.name_prefix
}

output "environment" {
  description = "Name of the environment."
  value       = module.lake.environment
}

output "region" {
  description = "Region the lake lives in."
  value       = module.lake.region
}

output "account_id" {
  description = "Account the lake lives in."
  value       = module.lake.account_id
}

output "buckets" {
  description = "Bucket names, keyed by zone."
  value       = module.lake.buckets
}

output "databases" {
  description = "Glue database names, keyed by the name the contracts use."
  value       = module.lake.databases
}

output "crawlers" {
  description = "Crawler names, keyed by the zone they catalog."
  value       = module.lake.crawlers
}

output "export_reader_roles" {
  description = "ARNs of the roles that other accounts assume to read exports, keyed by reader."
  value       = module.lake.export_reader_roles
}

output "workgroup" {
  description = "Athena workgroup that enforces encryption and the scan limit."
  value       = module.lake.workgroup
}

output "named_queries" {
  description = "Ids of the Athena named queries, keyed by name."
  value       = module.lake.named_queries
}

output "ledger_table" {
  description = "DynamoDB table of files and runs."
  value       = module.lake.ledger_table
}

output "incoming_queue_url" {
  description = "Queue of dropped files waiting to be validated."
  value       = module.lake.incoming_queue_url
}

output "incoming_dlq_url" {
  description = "Queue of dropped files that could not be validated."
  value       = module.lake.incoming_dlq_url
}

output "events_dlq_url" {
  description = "Queue of events that could not be delivered or handled."
  value       = module.lake.events_dlq_url
}

output "event_bus" {
  description = "Bus of the lake's own events."
  value       = module.lake.event_bus
}

output "state_machine_arns" {
  description = "State machines, keyed by what they do: ingest loads one batch, refresh rebuilds stale tables."
  value       = module.lake.state_machine_arns
}

output "maintenance_schedule" {
  description = "When tables are looked at for maintenance; null when on demand only."
  value       = module.lake.maintenance_schedule
}

output "alerts_topic_arn" {
  description = "Topic of alarms and failed runs."
  value       = module.lake.alerts_topic_arn
}

output "glue_jobs" {
  description = "Glue job names, keyed by their folder under glue_jobs/."
  value       = module.lake.glue_jobs
}

output "functions" {
  description = "Lambda function names, keyed by their folder under lambdas/."
  value       = module.lake.functions
}
