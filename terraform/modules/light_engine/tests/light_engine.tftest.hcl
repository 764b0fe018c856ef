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
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1", light = "arn:aws:lambda:eu-west-1:123456789012:layer:light:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
    grants = {
      ReadLedger = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
    }
  }
  buckets = {
    raw        = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
    processed  = { name = "test-processed", arn = "arn:aws:s3:::test-processed" }
    curated    = { name = "test-curated", arn = "arn:aws:s3:::test-curated" }
    quarantine = { name = "test-quarantine", arn = "arn:aws:s3:::test-quarantine" }
    artifacts  = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
    dashboard  = { name = "test-dashboard", arn = "arn:aws:s3:::test-dashboard" }
  }
  database_prefix = "dev_"
}

run "who_chooses_and_who_runs_the_engine_have_the_same_limits" {
  command = plan

  variables {
    engine = { light_max_mb = 100 }
  }

  assert {
    condition     = output.limits == { LIGHT_MAX_MB = "100", LIGHT_MAX_ROWS = "5000000", LIGHT_TABLE_MAX_MB = "1024", SPARK_RUNNER = "glue" }
    error_message = "Limits that are not named must have their defaults."
  }
}

run "the_loader_writes_tables_of_files_and_the_quarantine_alone" {
  command = plan

  assert {
    condition     = alltrue([for resource in local.functions.light_loader.statements.WriteTableFiles.resources : !strcontains(resource, "test-raw") && !strcontains(resource, "test-curated")])
    error_message = "It writes neither dropped files nor marts."
  }

  assert {
    condition     = contains(local.functions.light_loader.statements.CommitTables.resources, "arn:aws:glue:eu-west-1:123456789012:table/dev_ops/*")
    error_message = "The quarantine is in the database ops, whatever its prefix."
  }

  # The tile writer reads tables and writes tiles alone.
  assert {
    condition     = local.functions.tile_writer.statements.WriteTiles == { actions = ["s3:PutObject"], resources = ["arn:aws:s3:::test-dashboard/tiles/*"] }
    error_message = "It writes what the page reads, and nothing else."
  }

  assert {
    condition     = !contains(local.functions.tile_writer.statements.ReadTableFiles.resources, "arn:aws:s3:::test-processed/*")
    error_message = "Tables of single orders and people are read by no tile."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a time zone that is none.
    dashboard = { time_zone = "Berlin, Germany" }
    # Rejects a negative limit.
    engine = { light_max_mb = -1 }
  }

  expect_failures = [var.dashboard, var.engine]
}

run "rejects_too_little_memory" {
  command = plan

  variables {
    engine = { light_memory_mb = 512 }
  }

  expect_failures = [var.engine]
}

run "rejects_more_time_than_a_function_may_have" {
  command = plan

  variables {
    engine = { light_timeout_seconds = 901 }
  }

  expect_failures = [var.engine]
}

run "rejects_a_runner_of_spark_that_there_is_not" {
  command = plan

  variables {
    engine = { spark_runner = "laptop" }
  }

  expect_failures = [var.engine]
}

run "the_tile_writer_reads_its_index_only_where_explore_is_enabled" {
  command = plan

  variables {
    dashboard = { explore = true }
  }

  assert {
    condition     = local.functions.tile_writer.environment.EXPLORE == "true" && local.functions.tile_writer.statements.ReadExploreIndex.resources == ["arn:aws:s3:::test-dashboard/tiles/explore/index.json"]
    error_message = "It compares the index with the tables."
  }

  assert {
    condition     = contains(local.functions.tile_writer.statements.TellMissingFromForbidden.resources, "arn:aws:s3:::test-dashboard") && contains(local.functions.tile_writer.statements.TellMissingFromForbidden.resources, "arn:aws:s3:::test-curated")
    error_message = "Without an index, S3 must answer that there is none, and not that it may not be read."
  }
}

run "without_explore_the_tile_writer_has_no_right_to_read_tiles" {
  command = plan

  assert {
    condition     = local.functions.tile_writer.environment.EXPLORE == "false" && !contains(keys(local.functions.tile_writer.statements), "ReadExploreIndex") && !contains(local.functions.tile_writer.statements.TellMissingFromForbidden.resources, "arn:aws:s3:::test-dashboard")
    error_message = "Explore is opt-in."
  }
}
