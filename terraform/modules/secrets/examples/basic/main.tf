module "secrets" {
  source = "../.."

  name_prefix = "cartlake-test"
  names       = ["lineage"]
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/test"
}

output "secrets" {
  description = "Names and ARNs."
  value       = module.secrets.secrets
}
