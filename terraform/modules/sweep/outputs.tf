output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { lake_sweeper = module.lake_sweeper.name }
}
