module "job" {
  source = "../.."

  shared = {
    name_prefix            = "cartlake-test"
    artifacts_dir          = "${path.module}/../../../../fixtures/artifacts"
    glue_version           = "5.1"
    security_configuration = "cartlake-test"
    arguments              = { job-language = "python", conf = "a=b" }
    buckets = {
      raw       = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
      processed = { name = "test-processed", arn = "arn:aws:s3:::test-processed" }
      curated   = { name = "test-curated", arn = "arn:aws:s3:::test-curated" }
      artifacts = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
    }
    databases          = { processed = "processed", curated = "dev_curated" }
    state_machine_arns = ["arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"]
    log_retention_days = 30
    kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/k"
  }
  job = {
    folder      = "table_refresh"
    description = "Marts."
    arguments   = { quality_table = "ops.quality_results" }
    access = {
      read_paths      = ["raw/incoming/", "processed/"]
      write_paths     = ["curated/"]
      read_databases  = ["processed"]
      write_databases = ["curated"]
      function_arns   = ["arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator"]
    }
  }
  size = { number_of_workers = 4 }
}

output "job" {
  description = "The job."
  value       = module.job.job
}
