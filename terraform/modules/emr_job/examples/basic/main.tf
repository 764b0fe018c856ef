module "emr_job" {
  source = "../.."

  job = {
    name        = "cartlake-test-table-refresh"
    role_arn    = "arn:aws:iam::123456789012:role/cartlake-test-table-refresh"
    script_uri  = "s3://test-artifacts/glue_jobs/table_refresh/main-00ff.py"
    library_uri = "s3://test-artifacts/libs/cartlake-00ff.zip"
    arguments   = { catalog = "glue_catalog" }
  }
  application = {
    id           = "00f1"
    arn          = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00f1"
    log_group    = { name = "/aws/emr-serverless/cartlake-test-spark", arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/emr-serverless/cartlake-test-spark" }
    packages_uri = "s3://test-artifacts/libs/packages-00ff.zip"
  }
  artifacts_bucket = "test-artifacts"
}

output "template_key" {
  description = "Key of the template."
  value       = module.emr_job.template_key
}
