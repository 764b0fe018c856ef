output "workgroup" {
  description = "Workgroup that enforces encryption and the scan limit."
  value       = aws_athena_workgroup.this.name
}

output "named_queries" {
  description = "Ids of the named queries, keyed by name."
  value       = { for name, query in aws_athena_named_query.this : name => query.id }
}
