output "coordinator" {
  description = "Function that locks and releases datasets and starts runs: its folder under lambdas/, its name, and name and ARN of its alias."
  value       = { folder = "run_coordinator", name = module.run_coordinator.name, alias = module.run_coordinator.alias, arn = module.run_coordinator.arn }
}

output "maintenance_schedule" {
  description = "When tables are checked for maintenance; null when on demand only."
  value       = try(module.schedule.calls["maintenance"].expression, null)
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { run_coordinator = module.run_coordinator.name, job_events = module.job_events.name }
}
