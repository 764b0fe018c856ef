output "coordinator" {
  description = "Function that locks and releases datasets and starts runs: its folder under lambdas/, name and ARN."
  value       = { folder = "run_coordinator", name = module.run_coordinator.name, arn = module.run_coordinator.arn }
}

output "maintenance_schedule" {
  description = "When tables are checked for maintenance; null when on demand only."
  value       = one(aws_scheduler_schedule.maintenance[*].schedule_expression)
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { run_coordinator = module.run_coordinator.name, job_events = module.job_events.name }
}
