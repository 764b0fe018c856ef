output "jobs" {
  description = "Name, ARN and timeout in minutes of each Glue job, keyed by its folder under glue_jobs/."
  value       = { for job, resource in aws_glue_job.this : job => { name = resource.name, arn = resource.arn, timeout_minutes = resource.timeout } }
}
