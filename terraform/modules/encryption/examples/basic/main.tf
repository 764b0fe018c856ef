module "encryption" {
  source = "../.."

  name_prefix = "cartlake-test"
}

output "name" {
  description = "Name of the Glue security configuration."
  value       = module.encryption.glue_security_configuration
}
