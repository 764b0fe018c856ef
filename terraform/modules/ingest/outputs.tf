output "incoming_queue_url" {
  description = "Queue of dropped files waiting to be validated."
  value       = module.incoming.url
}

output "incoming_dlq_url" {
  description = "Queue of dropped files that could not be validated."
  value       = module.incoming_dlq.url
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { file_validator = module.file_validator.name }
}
