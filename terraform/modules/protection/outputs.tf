output "prevents_destroy" {
  description = "What cannot be destroyed; empty when not enabled."
  value       = keys(terraform_data.prevents_destroy)
}
