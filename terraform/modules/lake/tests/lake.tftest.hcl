mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  environment         = "test"
  artifacts_dir       = "../../fixtures/artifacts"
  deletion_protection = false
}

run "names_are_those_the_command_line_reads" {
  command = plan

  assert {
    condition     = output.name_prefix == "cartlake-test" && output.account_id == "123456789012" && output.region == "eu-west-1"
    error_message = "The lake must say who and where it is."
  }

  assert {
    condition     = output.buckets == { for zone in ["artifacts", "athena-results", "curated", "exports", "processed", "quarantine", "raw"] : zone => "cartlake-test-123456789012-${zone}" }
    error_message = "There must be seven zones, each with its bucket."
  }

  assert {
    condition     = output.databases == { curated = "curated", ops = "ops", processed = "processed", raw = "raw" }
    error_message = "There must be four databases."
  }

  assert {
    condition     = output.glue_jobs == { dataset_etl = "cartlake-test-dataset-etl", table_maintenance = "cartlake-test-table-maintenance", table_refresh = "cartlake-test-table-refresh" }
    error_message = "Jobs must be found by their folder."
  }

  assert {
    condition     = output.state_machine_arns["refresh"] == "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh"
    error_message = "Machines must be named by what they do."
  }

  assert {
    condition     = output.ledger_table == "cartlake-test-ledger" && output.workgroup == "cartlake-test" && output.event_bus == "cartlake-test"
    error_message = "Ledger, workgroup and bus must carry the lake's name."
  }
}

run "every_built_function_is_deployed" {
  command = plan

  assert {
    condition     = toset(keys(output.functions)) == toset([for file in fileset(var.artifacts_dir, "lambdas/*.zip") : trimsuffix(basename(file), ".zip")])
    error_message = "Each zip of the build must be a function, and each function must have its zip."
  }

  assert {
    condition     = output.functions["data_quality_check"] == "cartlake-test-data-quality-check"
    error_message = "Functions are named <name_prefix>-<function>, with hyphens."
  }
}

run "a_job_may_be_sized_without_repeating_the_rest" {
  command = plan

  variables {
    glue_jobs = { table_refresh = { number_of_workers = 7 } }
  }

  assert {
    condition     = keys(output.glue_jobs) == ["dataset_etl", "table_maintenance", "table_refresh"]
    error_message = "Sizing one job must keep the other."
  }
}

run "rejects_destroying_what_is_protected" {
  command = plan

  variables {
    deletion_protection = true
    force_destroy       = true
  }

  expect_failures = [var.force_destroy]
}

run "rejects_a_missing_build" {
  command = plan

  variables {
    artifacts_dir = "tests"
  }

  expect_failures = [var.artifacts_dir]
}

run "rejects_the_size_of_an_unknown_job" {
  command = plan

  variables {
    glue_jobs = { no_such_job = {} }
  }

  expect_failures = [var.glue_jobs]
}
