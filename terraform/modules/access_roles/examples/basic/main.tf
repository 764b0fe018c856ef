module "access_roles" {
  source = "../.."

  name_prefix        = "cartlake-test"
  access_logs_bucket = "cartlake-test-access-logs"
  buckets            = { for zone in ["artifacts", "athena-results", "curated", "exports", "processed", "quarantine", "raw"] : zone => { name = "cartlake-test-${zone}", arn = "arn:aws:s3:::cartlake-test-${zone}" } }
  databases = {
    processed = { name = "processed", location = "s3://cartlake-test-processed/" }
    curated   = { name = "curated", location = "s3://cartlake-test-curated/" }
    masked    = { name = "masked", location = "s3://cartlake-test-curated/masked/" }
    ops       = { name = "ops", location = "s3://cartlake-test-quarantine/ops/" }
  }
  protected_columns = {
    "processed.customers"     = ["email"]
    "masked.customers_masked" = []
    "curated.sales_daily"     = []
    "ops.runs"                = []
  }
  queries_dir = "${path.module}/../../../reader_role/tests/queries"
  ledger_arn  = "arn:aws:dynamodb:eu-west-1:123456789012:table/cartlake-test-ledger"
  workgroup   = "cartlake-test"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/test"

  people = {
    analyst       = { permission_sets = ["Analysts"] }
    data_engineer = { principal_arns = ["arn:aws:iam::123456789012:role/data-engineers"] }
    auditor       = { saml_provider_arns = ["arn:aws:iam::123456789012:saml-provider/corporate"] }
  }
}

output "role_arns" {
  description = "Roles, keyed by role."
  value       = module.access_roles.role_arns
}
