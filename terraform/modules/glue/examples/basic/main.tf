module "glue" {
  source = "../.."

  name_prefix = "cartlake-test"
  buckets = {
    raw        = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
    processed  = { name = "test-processed", arn = "arn:aws:s3:::test-processed" }
    curated    = { name = "test-curated", arn = "arn:aws:s3:::test-curated" }
    quarantine = { name = "test-quarantine", arn = "arn:aws:s3:::test-quarantine" }
    artifacts  = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
  }
  databases              = { raw = "raw", processed = "processed", curated = "curated", masked = "masked", ops = "ops" }
  artifacts_dir          = "${path.module}/../../../../fixtures/artifacts"
  coordinator            = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
  state_machine_arns     = ["arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"]
  security_configuration = "cartlake-test"
  kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

output "jobs" {
  description = "Jobs of the module."
  value       = module.glue.jobs
}
