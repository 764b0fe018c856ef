output "incoming_queue" {
  description = "Queue of dropped files waiting to be validated: URL and ARN."
  value       = { url = module.incoming.url, arn = module.incoming.arn }
}

output "queue_names" {
  description = "Names of the queue of dropped files and of the queue of those that could not be validated."
  value       = { incoming = module.incoming.name, incoming_dlq = module.incoming_dlq.name }
}

output "incoming_dlq_url" {
  description = "Queue of dropped files that could not be validated."
  value       = module.incoming_dlq.url
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { file_validator = module.file_validator.name }
}
