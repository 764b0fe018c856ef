module "workflows" {
  source = "../.."

  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "${path.module}/../../../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1", light = "arn:aws:lambda:eu-west-1:123456789012:layer:light:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
    grants = {
      UseLedger       = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      ReadLedger      = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/index/by_state"] }
      RememberStarts  = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"] }
      Announce        = { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test"] }
    }
  }
  buckets = {
    raw        = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
    processed  = { name = "test-processed", arn = "arn:aws:s3:::test-processed" }
    curated    = { name = "test-curated", arn = "arn:aws:s3:::test-curated" }
    quarantine = { name = "test-quarantine", arn = "arn:aws:s3:::test-quarantine" }
    artifacts  = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
    dashboard  = { name = "test-dashboard", arn = "arn:aws:s3:::test-dashboard" }
  }
  coordinator     = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
  database_prefix = "dev_"
  start_grants    = { StartJobs = { actions = ["glue:GetJob", "glue:StartJobRun"], resources = ["arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl"] } }
  glue_jobs = {
    dataset_etl       = { name = "test-dataset-etl", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl", timeout_minutes = 60 }
    demand_forecast   = { name = "test-demand-forecast", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-demand-forecast", timeout_minutes = 60 }
    table_maintenance = { name = "test-table-maintenance", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-maintenance", timeout_minutes = 60 }
    table_refresh     = { name = "test-table-refresh", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-refresh", timeout_minutes = 60 }
  }
}

output "state_machine_arns" {
  description = "State machines."
  value       = module.workflows.state_machine_arns
}
