mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
  }
  results_bucket   = "test-athena-results"
  artifacts_bucket = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
  databases        = { raw = "raw", processed = "processed", curated = "curated", ops = "ops" }
  queries_dir      = "tests/queries"
  scan_limit_gb    = 5
}

run "clients_cannot_opt_out" {
  command = plan

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration
    error_message = "The workgroup's settings must win over the client's."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 5000000000
    error_message = "scan_limit_gb must become the limit in bytes."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn == var.shared.kms_key_arn
    error_message = "Results must be encrypted with the lake's key."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].engine_version[0].selected_engine_version == "Athena engine version 3"
    error_message = "Iceberg needs engine version 3."
  }
}

run "each_file_is_a_named_query" {
  command = apply

  assert {
    condition     = keys(output.named_queries) == ["orders_by_day", "orders_since"]
    error_message = "A query is named after its file."
  }

  assert {
    condition     = aws_athena_named_query.this["orders_by_day"].description == "Orders by day: one row per day."
    error_message = "The first comment of the file must be the description."
  }

  assert {
    condition     = aws_athena_named_query.this["orders_by_day"].query == file("tests/queries/orders_by_day.sql")
    error_message = "The text of the file must be kept whole."
  }
}

run "a_query_with_parameters_is_a_prepared_statement_too" {
  command = plan

  assert {
    condition     = keys(aws_athena_prepared_statement.this) == ["orders_since"]
    error_message = "Only what has parameters is worth preparing."
  }

  assert {
    condition     = trimspace(aws_athena_prepared_statement.this["orders_since"].query_statement) == "select ? as since"
    error_message = "A statement is prepared without its comments."
  }
}

run "an_empty_folder_is_no_error" {
  command = plan

  variables {
    queries_dir = "tests/none"
  }

  assert {
    condition     = length(aws_athena_named_query.this) == 0
    error_message = "Without files there are no named queries."
  }
}

run "rejects_a_limit_below_one_gb" {
  command = plan

  variables {
    scan_limit_gb = 0
  }

  expect_failures = [var.scan_limit_gb]
}

run "queries_are_found_by_their_day" {
  command = plan

  assert {
    condition     = aws_glue_catalog_table.query_history.parameters["storage.location.template"] == "s3://test-artifacts/query_history/day=$${day}"
    error_message = "A day's queries must lie where query_recorder puts them."
  }

  assert {
    condition     = aws_glue_catalog_table.query_history.database_name == "ops" && aws_glue_catalog_table.query_history.parameters["projection.enabled"] == "true"
    error_message = "Nobody adds partitions: they must be projected."
  }
}

run "lineage_is_a_table_over_what_runs_write" {
  command = plan

  assert {
    condition     = aws_glue_catalog_table.lineage.parameters["storage.location.template"] == "s3://test-artifacts/lineage/rows/day=$${day}"
    error_message = "The rows of a day's runs must lie where the functions put them."
  }

  assert {
    condition     = aws_glue_catalog_table.lineage.database_name == "ops" && aws_glue_catalog_table.lineage.parameters["projection.enabled"] == "true"
    error_message = "Nobody adds partitions: they must be projected."
  }
}

run "queries_are_kept_when_they_end" {
  command = plan

  assert {
    condition     = local.query_ended == { workgroupName = ["cartlake-test"], currentState = ["CANCELLED", "FAILED", "SUCCEEDED"] }
    error_message = "Queries of this lake's workgroup are kept when they end, however they end."
  }

  assert {
    condition     = keys(output.function_names) == ["query_recorder"]
    error_message = "Functions must be found by their folder."
  }
}
