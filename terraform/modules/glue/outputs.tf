output "jobs" {
  description = "Name and timeout in minutes of each job, and its ARN on Glue, keyed by its folder under glue_jobs/."
  value       = { for folder, job in module.job : folder => { name = job.job.name, arn = job.job.arn, timeout_minutes = try(module.emr_job[folder].timeout_minutes, job.job.timeout_minutes) } }
}

output "start_grants" {
  description = "What a function may do that starts the jobs with their own copies of the code, keyed by statement id."
  value       = merge(local.start_grants[var.emr_serverless == null ? "glue" : "emr_serverless"], { KeepCode = { actions = ["s3:PutObject"], resources = [local.code_arns["staging"]] } })
}
