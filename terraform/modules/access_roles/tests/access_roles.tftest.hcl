mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix        = "cartlake-test"
  access_logs_bucket = "cartlake-test-access-logs"
  buckets = {
    artifacts      = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
    athena-results = { name = "results", arn = "arn:aws:s3:::results" }
    curated        = { name = "curated", arn = "arn:aws:s3:::curated" }
    exports        = { name = "exports", arn = "arn:aws:s3:::exports" }
    processed      = { name = "processed", arn = "arn:aws:s3:::processed" }
    quarantine     = { name = "quarantine", arn = "arn:aws:s3:::quarantine" }
    raw            = { name = "raw", arn = "arn:aws:s3:::raw" }
  }
  databases = {
    processed = { name = "dev_processed", location = "s3://processed/" }
    curated   = { name = "dev_curated", location = "s3://curated/" }
    masked    = { name = "dev_masked", location = "s3://curated/masked/" }
    ops       = { name = "dev_ops", location = "s3://quarantine/ops/" }
  }
  protected_columns = {
    "processed.customers"     = ["email"]
    "masked.customers_masked" = []
    "curated.sales_daily"     = []
    "ops.quarantine_rows"     = ["raw_record"]
    "ops.runs"                = []
  }
  queries_dir = "../reader_role/tests/queries"
  ledger_arn  = "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"
  workgroup   = "cartlake-test"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/test"
  people = {
    analyst       = { permission_sets = ["Analysts"] }
    auditor       = { saml_provider_arns = ["arn:aws:iam::123456789012:saml-provider/corporate"] }
    data_engineer = { principal_arns = ["arn:aws:iam::123456789012:role/data-engineers"] }
  }
}

run "an_analyst_reads_tables_without_protected_columns_alone" {
  command = plan

  assert {
    condition     = toset(local.readable["analyst"]) == toset(["curated.sales_daily", "masked.customers_masked"])
    error_message = "A table with a protected column, or of ops, must not be readable."
  }

  assert {
    condition     = toset(flatten([for one in data.aws_iam_policy_document.access["analyst"].statement : one.resources if anytrue([for action in one.actions : startswith(action, "s3:")])])) == toset(["arn:aws:s3:::results", "arn:aws:s3:::results/cartlake-test-analyst/*"])
    error_message = "Beside tables, S3 gives the analyst the results of its own workgroup alone."
  }

  assert {
    condition     = toset(flatten([for one in data.aws_iam_policy_document.access["analyst"].statement : one.resources if contains(one.actions, "glue:GetTable")])) == toset(local.database_arns)
    error_message = "Tables are found by the policies of readable tables alone."
  }

  # An auditor reads what the lake did, and writes nothing but results.
  assert {
    condition     = toset(local.readable["auditor"]) == toset(["ops.lineage", "ops.query_history", "ops.runs"])
    error_message = "Quarantined rows hold personal data."
  }

  assert {
    condition     = alltrue(flatten([for one in data.aws_iam_policy_document.access["auditor"].statement : [for action in one.actions : one.sid == "KeepResults" || !can(regex(":(Put|Delete|Update|Create|Batch.*Write|Invoke)", action))]]))
    error_message = "An auditor changes nothing."
  }

  # Roles are assumed by those who were named.
  assert {
    condition     = one(one(data.aws_iam_policy_document.people["data_engineer"].statement).principals).identifiers == toset(["arn:aws:iam::123456789012:role/data-engineers"])
    error_message = "Principals are the ones that were named."
  }

  assert {
    condition     = anytrue([for value in one(one(data.aws_iam_policy_document.people["analyst"].statement).condition).values : value == "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Analysts_*"])
    error_message = "A permission set is found by the name of the role that IAM Identity Center makes for it."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.people["auditor"].statement).actions == toset(["sts:AssumeRoleWithSAML"])
    error_message = "SAML providers assume by their own action."
  }
}

run "without_people_there_are_no_roles" {
  command = plan

  variables {
    people = {}
  }

  assert {
    condition     = length(aws_iam_role.people) + length(module.reader_role) == 0
    error_message = "Nothing is made that nobody may use."
  }
}

run "rejects_a_role_that_nobody_may_assume" {
  command = plan

  variables {
    people = { analyst = {} }
  }

  expect_failures = [var.people]
}

run "rejects_a_role_that_there_is_not" {
  command = plan

  variables {
    people = { admin = { principal_arns = ["arn:aws:iam::123456789012:role/a"] } }
  }

  expect_failures = [var.people]
}

run "rejects_a_pattern_as_a_principal" {
  command = plan

  variables {
    people = { analyst = { principal_arns = ["arn:aws:iam::123456789012:role/aws-reserved/*"] } }
  }

  expect_failures = [var.people]
}
