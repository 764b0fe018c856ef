output "timeout_minutes" {
  description = "Minutes after which a run of the job is cancelled."
  value       = var.size.timeout_minutes
}

output "template_key" {
  description = "Key of the template in the artifacts bucket."
  value       = aws_s3_object.this.key
}
