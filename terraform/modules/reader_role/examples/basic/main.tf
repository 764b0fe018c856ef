module "reader_role" {
  source = "../.."

  name           = "cartlake-test-analyst"
  tables         = ["curated.sales_daily"]
  results_bucket = "cartlake-test-athena-results"
  databases      = { curated = { name = "curated", location = "s3://cartlake-test-curated/" } }
  queries_dir    = "${path.module}/../../tests/queries"
  kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/test"
}

output "workgroup" {
  description = "Workgroup of the role."
  value       = module.reader_role.workgroup
}
