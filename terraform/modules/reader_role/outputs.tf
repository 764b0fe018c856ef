output "workgroup" {
  description = "Athena workgroup of the role."
  value       = aws_athena_workgroup.this.name
}

output "queries" {
  description = "Named queries that the role can run."
  value       = keys(local.readable_queries)
}
