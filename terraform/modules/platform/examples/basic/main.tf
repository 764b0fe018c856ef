module "platform" {
  source = "../.."

  name_prefix      = "cartlake-test"
  environment      = "test"
  artifacts_dir    = "${path.module}/../../../../fixtures/artifacts"
  artifacts_bucket = "test-artifacts"
  architecture     = "arm64"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
  alarm_topic_arn  = "arn:aws:sns:eu-west-1:123456789012:t"
}

output "ledger_table" {
  description = "Table of files and runs."
  value       = module.platform.ledger_table
}
