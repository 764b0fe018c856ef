module "athena" {
  source = "../.."

  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "${path.module}/../../../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
  }
  results_bucket   = "test-athena-results"
  artifacts_bucket = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
  databases        = { raw = "raw", processed = "processed", curated = "curated", ops = "ops" }
  queries_dir      = "${path.module}/../../tests/queries"
  scan_limit_gb    = 5
}

output "workgroup" {
  description = "Name of the workgroup."
  value       = module.athena.workgroup
}
