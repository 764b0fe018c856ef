mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix = "cartlake-test"
  buckets = {
    raw        = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
    processed  = { name = "test-processed", arn = "arn:aws:s3:::test-processed" }
    curated    = { name = "test-curated", arn = "arn:aws:s3:::test-curated" }
    quarantine = { name = "test-quarantine", arn = "arn:aws:s3:::test-quarantine" }
    artifacts  = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
  }
  databases              = { processed = "dev_processed", curated = "dev_curated", ops = "dev_ops" }
  artifacts_dir          = "../../fixtures/artifacts"
  coordinator            = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator" }
  state_machine_arns     = ["arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"]
  security_configuration = "cartlake-test"
  kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

run "jobs_run_iceberg_on_the_chosen_release" {
  command = plan

  assert {
    condition     = output.jobs["dataset_etl"].name == "cartlake-test-dataset-etl" && keys(output.jobs) == ["dataset_etl", "table_maintenance", "table_refresh"]
    error_message = "Jobs are named after their folder."
  }

  assert {
    condition     = var.release.version == "5.1"
    error_message = "Jobs run on Glue 5.1."
  }

  assert {
    condition     = local.arguments["datalake-formats"] == "iceberg"
    error_message = "Glue must load its own Iceberg."
  }

  assert {
    condition     = alltrue([for setting in split(" --conf ", local.arguments["conf"]) : can(regex("^spark\\.[A-Za-z0-9_.-]+=[^ ]+$", setting))])
    error_message = "Each setting after the first must stand behind its own --conf."
  }

  assert {
    condition     = strcontains(local.arguments["conf"], "spark.sql.catalog.glue_catalog.warehouse=s3://test-processed/")
    error_message = "The warehouse must be the processed zone."
  }

  assert {
    condition     = local.arguments["extra-py-files"] == "s3://test-artifacts/libs/cartlake-${filesha256("../../fixtures/artifacts/glue/libs/cartlake.zip")}.zip"
    error_message = "Jobs must use the library they were built with."
  }

  assert {
    condition     = strcontains(local.arguments["additional-python-modules"], "pydantic==")
    error_message = "Glue must install the pinned packages."
  }
}

run "sizes_are_per_job" {
  command = plan

  variables {
    sizes = { table_refresh = { timeout_minutes = 30 } }
  }

  assert {
    condition     = output.jobs["table_refresh"].timeout_minutes == 30 && output.jobs["dataset_etl"].timeout_minutes == 60
    error_message = "Each job has its own size."
  }
}

run "jobs_touch_what_they_need_and_no_more" {
  command = plan

  assert {
    condition     = [for name, job in local.jobs : name if contains(keys(job.access), "function_arns")] == ["table_maintenance"] && local.jobs.table_maintenance.access.function_arns == [var.coordinator.arn]
    error_message = "Only the job of maintenance asks the coordinator."
  }

  assert {
    condition     = !contains(local.jobs.dataset_etl.access.write_databases, "curated")
    error_message = "Loading files may not change a mart."
  }
}

run "rejects_an_unpinned_package" {
  command = plan

  variables {
    release = { python_modules = ["pydantic"] }
  }

  expect_failures = [var.release]
}

run "rejects_a_release_without_branches" {
  command = plan

  variables {
    release = { version = "4.0" }
  }

  expect_failures = [var.release]
}

run "rejects_the_size_of_an_unknown_job" {
  command = plan

  variables {
    sizes = { no_such_job = {} }
  }

  expect_failures = [var.sizes]
}

run "jobs_know_their_dpus_for_what_a_run_costs" {
  command = plan

  variables {
    sizes = { table_refresh = { worker_type = "G.2X", number_of_workers = 5 } }
  }

  assert {
    condition     = local.dpus == { dataset_etl = "2", table_refresh = "10" }
    error_message = "DPUs are the workers times what each has, two small ones without a size."
  }
}
