module "producers" {
  source = "../.."

  name_prefix    = "cartlake-test"
  raw_bucket_arn = "arn:aws:s3:::cartlake-test-raw"
  datasets       = ["customers"]
  kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/test"
  producers      = { crm = { datasets = ["customers"], principal_arns = ["arn:aws:iam::123456789012:role/crm"] } }
}

output "role_arns" {
  description = "Roles of the producers."
  value       = module.producers.role_arns
}
