output "workgroup" {
  description = "Workgroup that enforces encryption and the scan limit."
  value       = aws_athena_workgroup.this.name
}

output "named_queries" {
  description = "Ids of the named queries, keyed by name."
  value       = { for name, query in aws_athena_named_query.this : name => query.id }
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { query_recorder = module.query_recorder.name }
}
