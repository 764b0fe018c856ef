output "job" {
  description = "Name and ARN of the job, and the minutes after which Glue stops it."
  value       = { name = aws_glue_job.this.name, arn = aws_glue_job.this.arn, timeout_minutes = aws_glue_job.this.timeout }
}
