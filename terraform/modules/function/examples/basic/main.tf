module "function" {
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
  function    = "run_coordinator"
  description = "Starts runs."
  layers      = ["cartlake", "arrow"]
  statements = {
    UseLedger = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
  }
  environment_variables = { GATHER_SECONDS = "60" }
}

output "name" {
  description = "Name of the function."
  value       = module.function.name
}
