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
  databases              = { processed = "dev_processed", curated = "dev_curated", masked = "dev_masked", ops = "dev_ops" }
  artifacts_dir          = "../../fixtures/artifacts"
  coordinator            = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
  state_machine_arns     = ["arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"]
  security_configuration = "cartlake-test"
  kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

run "jobs_run_iceberg_on_the_chosen_release" {
  command = plan

  assert {
    condition     = output.jobs["dataset_etl"].name == "cartlake-test-dataset-etl" && keys(output.jobs) == ["dataset_etl", "demand_forecast", "table_maintenance", "table_refresh"]
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
    condition     = local.arguments["additional-python-modules"] == "s3://test-artifacts/libs/wheels-${filesha256("../../fixtures/artifacts/glue/libs/wheels.gluewheels.zip")}.gluewheels.zip"
    error_message = "Glue must install the packages that were locked."
  }

  # Jobs touch what they need and no more.
  assert {
    condition     = [for name, job in local.jobs : name if contains(keys(job.access), "function_arns")] == ["table_maintenance"] && local.jobs.table_maintenance.access.function_arns == [var.coordinator.arn] && local.jobs.table_maintenance.arguments.coordinator_function == "cartlake-test-run-coordinator:live"
    error_message = "Only the job of maintenance asks the coordinator, at the alias that it may invoke."
  }

  assert {
    condition     = !contains(local.jobs.dataset_etl.access.write_databases, "curated")
    error_message = "Loading files may not change a mart."
  }

  # Jobs install nothing from the internet.
  assert {
    condition     = endswith(aws_s3_object.libs["wheels"].key, ".gluewheels.zip") && local.arguments["python-modules-installer-option"] == "--no-index"
    error_message = "Glue takes the packages from a zip of wheels in the bucket, and looks nowhere else."
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

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a release without branches.
    release = { version = "4.0" }
    # Rejects the size of an unknown job.
    sizes = { no_such_job = {} }
  }

  expect_failures = [var.release, var.sizes]
}

run "jobs_know_their_dpus_for_what_a_run_costs" {
  command = plan

  variables {
    sizes = { table_refresh = { worker_type = "G.2X", number_of_workers = 5 } }
  }

  assert {
    condition     = local.dpus == { dataset_etl = "2", demand_forecast = "2", table_refresh = "10" }
    error_message = "DPUs are the workers times what each has, two small ones without a size."
  }
}

run "jobs_run_in_the_first_subnet_of_a_network" {
  command = plan

  variables {
    network = { subnet_ids = ["subnet-a", "subnet-b"], security_group_ids = ["sg-a"] }
  }

  assert {
    condition     = aws_glue_connection.network[0].physical_connection_requirements[0].subnet_id == data.aws_subnet.jobs[0].id && aws_glue_connection.network[0].connection_type == "NETWORK"
    error_message = "Glue runs a job in the subnet of its connection."
  }
}

run "jobs_are_those_of_emr_serverless_where_an_application_is_given" {
  command = plan

  variables {
    emr_serverless = {
      id           = "00f1"
      arn          = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00f1"
      log_group    = { name = "/aws/emr-serverless/cartlake-test-spark", arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/emr-serverless/cartlake-test-spark" }
      packages_uri = "s3://test-artifacts/libs/packages-00ff.zip"
    }
    emr_sizes = { table_refresh = { timeout_minutes = 90 } }
  }

  assert {
    condition     = keys(module.emr_job) == keys(local.jobs) && output.jobs["table_refresh"].timeout_minutes == 90 && output.jobs["dataset_etl"].timeout_minutes == 60
    error_message = "Each job has a template, and its own size."
  }

  assert {
    condition     = one(output.start_grants.StartJobs.actions) == "emr-serverless:StartJobRun" && one(output.start_grants.StartJobs.resources) == var.emr_serverless.arn && length(output.start_grants.PassJobRoles.resources) == 4
    error_message = "Who starts jobs may start runs of this application, with the roles of the jobs."
  }
}
