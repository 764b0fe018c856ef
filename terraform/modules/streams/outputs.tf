output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { stream_reader = module.stream_reader.name }
}
