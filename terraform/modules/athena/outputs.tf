output "workgroup" {
  description = "Workgroup that enforces encryption and the scan limit."
  value       = aws_athena_workgroup.this.name
}

output "workgroup_arn" {
  description = "ARN of the workgroup."
  value       = aws_athena_workgroup.this.arn
}

output "named_queries" {
  description = "Ids of the named queries, keyed by name."
  value       = { for name, query in aws_athena_named_query.this : name => query.id }
}
