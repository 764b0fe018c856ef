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
  name_prefix        = "cartlake-test"
  buckets            = { raw = "test-raw", processed = "test-processed", curated = "test-curated", artifacts = "test-artifacts" }
  bucket_arns        = { raw = "arn:aws:s3:::test-raw", processed = "arn:aws:s3:::test-processed", curated = "arn:aws:s3:::test-curated", artifacts = "arn:aws:s3:::test-artifacts" }
  databases          = { processed = "processed", curated = "dev_curated" }
  artifacts_dir      = "../../fixtures/artifacts"
  python_modules     = ["pydantic==2.0.0", "PyYAML==6.0.0"]
  state_machine_arns = ["arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"]
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/k"
  jobs = {
    dataset_etl = {
      description     = "Raw to processed."
      read_paths      = ["raw/incoming/"]
      write_paths     = ["processed/"]
      write_databases = ["processed"]
      arguments       = { catalog = "glue_catalog" }
    }
    table_refresh = {
      description         = "Marts."
      read_paths          = ["processed/"]
      write_paths         = ["curated/"]
      read_databases      = ["processed"]
      write_databases     = ["curated"]
      number_of_workers   = 4
      max_concurrent_runs = 2
      invoke_functions    = ["run_coordinator"]
    }
  }
}

run "jobs_run_iceberg_on_the_chosen_release" {
  command = plan

  assert {
    condition     = aws_glue_job.this["dataset_etl"].name == "cartlake-test-dataset-etl" && aws_glue_job.this["dataset_etl"].glue_version == "5.1"
    error_message = "Jobs are named after their folder and run on Glue 5.1."
  }

  assert {
    condition     = aws_glue_job.this["dataset_etl"].default_arguments["--datalake-formats"] == "iceberg"
    error_message = "Glue must load its own Iceberg."
  }

  assert {
    condition = alltrue([for setting in split(" --conf ", aws_glue_job.this["dataset_etl"].default_arguments["--conf"]) :
    can(regex("^spark\\.[A-Za-z0-9_.-]+=[^ ]+$", setting))])
    error_message = "Each setting after the first must stand behind its own --conf."
  }

  assert {
    condition     = strcontains(aws_glue_job.this["dataset_etl"].default_arguments["--conf"], "spark.sql.catalog.glue_catalog.warehouse=s3://test-processed/")
    error_message = "The warehouse must be the processed zone."
  }

  assert {
    condition     = aws_glue_job.this["dataset_etl"].default_arguments["--additional-python-modules"] == "pydantic==2.0.0,PyYAML==6.0.0"
    error_message = "Glue must install the pinned packages."
  }

  assert {
    condition     = aws_glue_job.this["dataset_etl"].default_arguments["--catalog"] == "glue_catalog"
    error_message = "A job's own arguments must reach it."
  }
}

run "sizes_are_per_job" {
  command = plan

  assert {
    condition     = aws_glue_job.this["table_refresh"].number_of_workers == 4 && aws_glue_job.this["dataset_etl"].number_of_workers == 2
    error_message = "Each job has its own size."
  }

  assert {
    condition     = aws_glue_job.this["table_refresh"].execution_property[0].max_concurrent_runs == 2 && aws_glue_job.this["dataset_etl"].execution_property[0].max_concurrent_runs == 1
    error_message = "One run at a time, unless a job asks for more."
  }

  assert {
    condition     = alltrue([for job in aws_glue_job.this : job.max_retries == 0])
    error_message = "Glue must not retry: the token of the first attempt would be gone."
  }
}

run "code_is_named_by_its_content" {
  command = plan

  assert {
    condition     = aws_glue_job.this["table_refresh"].command[0].script_location == "s3://test-artifacts/glue_jobs/table_refresh/main-${filesha256("../../fixtures/artifacts/glue/jobs/table_refresh.py")}.py"
    error_message = "A new script must be a new object."
  }

  assert {
    condition     = aws_glue_job.this["table_refresh"].default_arguments["--extra-py-files"] == "s3://test-artifacts/libs/cartlake-${filesha256("../../fixtures/artifacts/glue/libs/cartlake.zip")}.zip"
    error_message = "Jobs must use the library they were built with."
  }
}

run "each_role_reaches_its_own_zones" {
  command = plan

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this["dataset_etl"].statement : statement.resources if statement.sid == "WriteTableFiles"]) == toset(["arn:aws:s3:::test-processed/*"])
    error_message = "The ETL may write the processed zone only."
  }

  assert {
    condition     = contains(one([for statement in data.aws_iam_policy_document.this["dataset_etl"].statement : statement.resources if statement.sid == "ReadObjects"]), "arn:aws:s3:::test-raw/incoming/*")
    error_message = "The ETL must read what was dropped."
  }

  assert {
    condition = one([for statement in data.aws_iam_policy_document.this["table_refresh"].statement : statement.resources if statement.sid == "CommitTables"]) == toset([
      "arn:aws:glue:eu-west-1:123456789012:catalog",
      "arn:aws:glue:eu-west-1:123456789012:database/dev_curated",
      "arn:aws:glue:eu-west-1:123456789012:table/dev_curated/*",
    ])
    error_message = "The marts may commit to curated tables only, whatever the prefix of the database."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this["table_refresh"].statement : statement.resources if statement.sid == "ReportToStateMachine"]) == toset(var.state_machine_arns)
    error_message = "A job may end steps of the lake's machines only."
  }
}

run "a_job_may_call_the_functions_it_names_and_no_other" {
  command = plan

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this["table_refresh"].statement : statement.resources if statement.sid == "CallFunctions"]) == toset(["arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator"])
    error_message = "A job calls what it names."
  }

  assert {
    condition     = length([for statement in data.aws_iam_policy_document.this["dataset_etl"].statement : statement if statement.sid == "CallFunctions"]) == 0
    error_message = "A job that names no function calls none."
  }
}

run "rejects_a_job_without_workers" {
  command = plan

  variables {
    jobs = { dataset_etl = { description = "Too small.", number_of_workers = 1 } }
  }

  expect_failures = [var.jobs]
}

run "rejects_a_path_that_is_no_folder" {
  command = plan

  variables {
    jobs = { dataset_etl = { description = "Wrong path.", read_paths = ["raw/incoming"] } }
  }

  expect_failures = [var.jobs]
}

run "rejects_an_unpinned_package" {
  command = plan

  variables {
    python_modules = ["pydantic"]
  }

  expect_failures = [var.python_modules]
}

run "rejects_a_release_without_branches" {
  command = plan

  variables {
    glue_version = "4.0"
  }

  expect_failures = [var.glue_version]
}
