module "sharing" {
  source = "../.."

  name_prefix        = "cartlake-test"
  exports_bucket_arn = "arn:aws:s3:::cartlake-test-exports"
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/k"
  readers            = { partner = { account_id = "123456789012", external_id = "obscure_words", prefix = "curated.sales_daily/" } }
}

output "reader_role_arns" {
  description = "Roles of the readers."
  value       = module.sharing.reader_role_arns
}
