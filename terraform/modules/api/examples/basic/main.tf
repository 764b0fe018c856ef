module "api" {
  source = "../.."

  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "${path.module}/../../../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
  }
  roles = {
    analyst       = { arn = "arn:aws:iam::123456789012:role/cartlake-test-analyst", workgroup = "cartlake-test-analyst", groups = ["analysts"], principal_arns = ["arn:aws:iam::123456789012:role/price-report"] }
    data_engineer = { arn = "arn:aws:iam::123456789012:role/cartlake-test-data-engineer", workgroup = "cartlake-test", groups = ["platform"] }
  }
  jwt            = { issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE", audiences = ["1example23456789"] }
  origins        = ["https://d111111abcdef8.cloudfront.net"]
  results_bucket = "test-athena-results"
}

output "apis" {
  description = "Id and URL of each API."
  value       = module.api.apis
}
