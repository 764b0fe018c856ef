module "catalog" {
  source = "../.."

  name_prefix            = "cartlake-test"
  datasets               = { transactions = "csv", reviews = "jsonl" }
  raw_bucket             = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
  security_configuration = "cartlake-test"
  kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/k"
  databases = {
    raw       = { description = "Files as they were dropped.", location = "s3://test-raw/incoming/" }
    processed = { description = "Checked rows.", location = "s3://test-processed/" }
    ops       = { description = "Runs.", location = "s3://test-quarantine/ops/" }
  }
}

output "databases" {
  description = "Database names."
  value       = module.catalog.databases
}
