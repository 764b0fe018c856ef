module "emr_serverless" {
  source = "../.."

  name_prefix      = "cartlake-test"
  artifacts_bucket = "test-artifacts"
  artifacts_dir    = "${path.module}/../../../../fixtures/artifacts"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

output "application" {
  description = "The application."
  value       = module.emr_serverless.application
}
