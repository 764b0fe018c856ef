module "sftp" {
  source = "../.."

  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "${path.module}/../../../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", sftp = "arn:aws:lambda:eu-west-1:123456789012:layer:sftp:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
    event_bus             = "cartlake-test"
    grants = {
      UseLedger       = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/index/by_state"] }
      RememberStarts  = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"] }
      Announce        = { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test"] }
    }
  }
  raw_bucket = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
  servers = {
    acme = {
      host      = "sftp.acme.example"
      user      = "lake"
      folder    = "/out"
      pattern   = "*.csv"
      dataset   = "transactions"
      secret    = { name = "cartlake-test/acme", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cartlake-test/acme-AbCdEf" }
      host_keys = ["SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"]
      schedule  = "rate(5 minutes)"
    }
  }
}

output "function_names" {
  description = "Functions of the module."
  value       = module.sftp.function_names
}
