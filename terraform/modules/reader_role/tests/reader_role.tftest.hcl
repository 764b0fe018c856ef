mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name           = "cartlake-test-analyst"
  tables         = ["curated.sales_daily", "masked.customers_masked"]
  results_bucket = "results"
  databases = {
    processed = { name = "dev_processed", location = "s3://processed/" }
    curated   = { name = "dev_curated", location = "s3://curated/" }
    masked    = { name = "dev_masked", location = "s3://curated/masked/" }
  }
  queries_dir = "tests/queries"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/test"
}

run "the_role_reads_its_tables_and_the_views_of_them" {
  command = plan

  assert {
    condition     = toset(flatten([for one in data.aws_iam_policy_document.tables["1"].statement : one.resources if one.sid == "ReadTables"])) == toset(["arn:aws:s3:::curated/sales_daily/*", "arn:aws:s3:::curated/masked/customers_masked/*"])
    error_message = "The role must read the files of its tables and no others."
  }

  assert {
    condition     = toset(flatten([for one in data.aws_iam_policy_document.tables["1"].statement : one.resources if one.sid == "FindTables"])) == toset([for name in ["dev_curated/sales_daily", "dev_masked/customers_masked", "dev_curated/sales_by_day"] : "arn:aws:glue:eu-west-1:123456789012:table/${name}"])
    error_message = "A view of another table must not be found."
  }

  assert {
    condition     = toset(output.queries) == toset(["sales"])
    error_message = "The workgroup must hold the queries that the role can run, and no others."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration && aws_athena_workgroup.this.configuration[0].result_configuration[0].output_location == "s3://results/cartlake-test-analyst/" && aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 10000000000
    error_message = "Results and scan limit are the workgroup's, whatever the client asks for."
  }
}

run "many_tables_are_split_over_policies" {
  command = plan

  variables {
    tables = [for number in range(45) : "curated.t${number}"]
  }

  assert {
    condition     = toset(keys(aws_iam_policy.tables)) == toset(["1", "2", "3"])
    error_message = "A managed policy takes some 30 tables before it is too long."
  }
}

run "rejects_a_table_that_is_a_pattern" {
  command = plan

  variables {
    tables = ["curated.*"]
  }

  expect_failures = [var.tables]
}
