output "jobs" {
  description = "Name, ARN and timeout in minutes of each Glue job, keyed by its folder under glue_jobs/."
  value       = { for folder, job in module.job : folder => job.job }
}
