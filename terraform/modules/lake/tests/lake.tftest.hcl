mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  environment         = "test"
  artifacts_dir       = "../../fixtures/artifacts"
  deletion_protection = false
}

run "names_are_those_the_command_line_reads" {
  command = plan

  assert {
    condition     = output.resources.name_prefix == "cartlake-test" && output.resources.account_id == "123456789012" && output.resources.region == "eu-west-1"
    error_message = "The lake must say who and where it is."
  }

  assert {
    condition     = output.resources.buckets == { for zone in ["artifacts", "athena-results", "curated", "exports", "processed", "quarantine", "raw"] : zone => "cartlake-test-123456789012-${zone}" }
    error_message = "There must be seven zones, each with its bucket."
  }

  assert {
    condition     = output.resources.databases == { curated = "curated", ops = "ops", processed = "processed", raw = "raw" }
    error_message = "There must be four databases."
  }

  assert {
    condition     = output.resources.glue_jobs == { dataset_etl = "cartlake-test-dataset-etl", table_maintenance = "cartlake-test-table-maintenance", table_refresh = "cartlake-test-table-refresh" }
    error_message = "Jobs must be found by their folder."
  }

  assert {
    condition     = output.resources.state_machine_arns["refresh"] == "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh"
    error_message = "Machines must be named by what they do."
  }

  assert {
    condition     = output.resources.ledger_table == "cartlake-test-ledger" && output.resources.workgroup == "cartlake-test" && output.resources.event_bus == "cartlake-test"
    error_message = "Ledger, workgroup and bus must carry the lake's name."
  }
}

run "every_built_function_is_deployed" {
  command = plan

  assert {
    condition     = toset(keys(output.resources.functions)) == toset([for file in fileset(var.artifacts_dir, "lambdas/*.zip") : trimsuffix(basename(file), ".zip")])
    error_message = "Each zip of the build must be a function, and each function must have its zip."
  }

  assert {
    condition     = output.resources.functions["data_quality_check"] == "cartlake-test-data-quality-check"
    error_message = "Functions are named <name_prefix>-<function>, with hyphens."
  }
}

run "a_job_may_be_sized_without_repeating_the_rest" {
  command = plan

  variables {
    glue = { sizes = { table_refresh = { number_of_workers = 7 } } }
  }

  assert {
    condition     = keys(output.resources.glue_jobs) == ["dataset_etl", "table_maintenance", "table_refresh"]
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
