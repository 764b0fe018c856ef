output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { sftp_reader = module.sftp_reader.name }
}
