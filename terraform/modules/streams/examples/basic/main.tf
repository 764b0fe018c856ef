module "streams" {
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
    event_bus             = "cartlake-test"
    grants = {
      UseLedger       = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/index/by_state"] }
      RememberStarts  = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"] }
      Announce        = { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test"] }
    }
  }
  raw_bucket = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
  streams = {
    clickstream = {
      dataset        = "clickstream"
      brokers        = ["b-1.shop.abc123.c2.kafka.eu-west-1.amazonaws.com:9098"]
      cluster_arn    = "arn:aws:kafka:eu-west-1:123456789012:cluster/shop/01234567-89ab-cdef-0123-456789abcdef-1"
      schedule       = "rate(1 minute)"
      follow_seconds = 50
    }
  }
}

output "function_names" {
  description = "Functions of the module."
  value       = module.streams.function_names
}
