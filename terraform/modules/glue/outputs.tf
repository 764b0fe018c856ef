output "jobs" {
  description = "Name, timeout in minutes and ARN of the role of each job, and its own ARN on Glue, keyed by its folder under glue_jobs/."
  value       = { for folder, job in module.job : folder => job.job }
}
