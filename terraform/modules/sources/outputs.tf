output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { source_sync = module.source_sync.name }
}
