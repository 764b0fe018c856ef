mock_provider "aws" {
  source = "../../fixtures/mocks"
}

override_resource {
  override_during = plan
  target          = module.state_machine["ingest"].aws_sfn_state_machine.this
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest" }
}

override_resource {
  override_during = plan
  target          = module.state_machine["forecast"].aws_sfn_state_machine.this
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-forecast" }
}

override_resource {
  override_during = plan
  target          = module.state_machine["maintenance"].aws_sfn_state_machine.this
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-maintenance" }
}

override_resource {
  override_during = plan
  target          = module.state_machine["refresh"].aws_sfn_state_machine.this
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh" }
}

override_module {
  override_during = plan
  target          = module.function
  outputs         = { name = "cartlake-test-some-function", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-some-function", role_arn = "arn:aws:iam::123456789012:role/some" }
}

override_module {
  override_during = plan
  target          = module.light_engine.module.function
  outputs         = { name = "cartlake-test-some-function", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-some-function", role_arn = "arn:aws:iam::123456789012:role/some" }
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
      UseLedger       = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      ReadLedger      = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/index/by_state"] }
      RememberStarts  = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"] }
      Announce        = { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test"] }
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
  coordinator     = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
  database_prefix = "dev_"
  start_grants    = { StartJobs = { actions = ["glue:GetJob", "glue:StartJobRun"], resources = ["arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl"] } }
  glue_jobs = {
    dataset_etl       = { name = "test-dataset-etl", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl", timeout_minutes = 60 }
    demand_forecast   = { name = "test-demand-forecast", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-demand-forecast", timeout_minutes = 60 }
    table_maintenance = { name = "test-table-maintenance", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-maintenance", timeout_minutes = 60 }
    table_refresh     = { name = "test-table-refresh", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-refresh", timeout_minutes = 60 }
  }
}

run "the_planner_of_maintenance_reads_metadata_and_no_data" {
  command = plan

  assert {
    condition     = local.functions.maintenance_planner.statements.ReadTableMetadata.actions == ["s3:GetObject"] && alltrue([for path in local.functions.maintenance_planner.statements.ReadTableMetadata.resources : strcontains(path, "/metadata/")])
    error_message = "To say how a table is takes its metadata only."
  }

  assert {
    condition     = contains(local.functions.maintenance_planner.statements.ReadTables.resources, "arn:aws:glue:eu-west-1:123456789012:table/dev_ops/*")
    error_message = "Every database is looked at, whatever its prefix."
  }

  # No function holds more than it needs.
  assert {
    condition     = [for name, function in local.functions : name if contains(flatten([for statement in function.statements : statement.actions]), "glue:StartJobRun")] == ["job_starter"]
    error_message = "Only job_starter may start jobs."
  }

  assert {
    condition     = [for name, function in local.functions : name if contains(flatten([for statement in function.statements : statement.actions]), "glue:UpdateTable")] == ["table_publisher"]
    error_message = "Only table_publisher may move a table."
  }

  # The engine is chosen by the limits of those who run it.
  assert {
    condition     = local.functions.batch_claimer.environment.LIGHT_MAX_MB == "256" && local.functions.batch_claimer.environment.SPARK_RUNNER == "glue"
    error_message = "The first step must know the limits of the light engine."
  }

  # Files are loaded and tables rebuilt by their jobs.
  assert {
    condition     = local.functions.batch_claimer.environment.TRANSFORM_JOB == "test-dataset-etl" && local.functions.refresh_planner.environment.REFRESH_JOB == "test-table-refresh" && local.functions.maintenance_planner.environment.MAINTENANCE_JOB == "test-table-maintenance"
    error_message = "The first step of each machine must know the job of its own."
  }

  # The ARNs are known before the machines are.
  assert {
    condition     = output.state_machine_arns == { for machine in ["forecast", "ingest", "maintenance", "refresh"] : machine => "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-${machine}" }
    error_message = "The ARN must be known before the machine is, for those the machine calls."
  }

  assert {
    condition     = alltrue([for name, machine in module.state_machine : machine.arn == output.state_machine_arns[name]])
    error_message = "Each machine must have the ARN its callers were given."
  }

  # The machines call the functions of their steps.
  assert {
    condition     = contains(module.state_machine["ingest"].called_functions, "table_publisher") && !contains(module.state_machine["refresh"].called_functions, "table_publisher") && contains(module.state_machine["refresh"].called_functions, "refresh_planner")
    error_message = "A machine may call the functions its definition names, and no other."
  }

  assert {
    condition     = setunion([for machine in module.state_machine : machine.called_functions]...) == setunion(keys(local.functions), keys(module.light_engine.functions), ["run_coordinator"])
    error_message = "Each function of a step must be called by a machine."
  }

  # The machines are rendered whole.
  assert {
    condition     = alltrue([for machine in module.state_machine : !strcontains(machine.definition, "$${")])
    error_message = "Every placeholder must be filled."
  }

  assert {
    condition     = jsondecode(module.state_machine["ingest"].definition).States.Publish.Parameters.Payload["table.$"] == "States.Format('dev_{}', $.claim.Payload.table)"
    error_message = "The published table must be in the processed database, whatever its prefix."
  }

  assert {
    condition     = jsondecode(module.state_machine["ingest"].definition).States.NotifyFailure.Parameters.TopicArn == var.shared.alarm_topic_arn
    error_message = "Failures must go to the alerts topic."
  }
}

run "rejects_a_missing_job" {
  command = plan

  variables {
    glue_jobs = { dataset_etl = { name = "test-dataset-etl", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl", timeout_minutes = 60 } }
  }

  expect_failures = [var.glue_jobs]
}

run "jobs_are_started_on_emr_serverless_where_it_runs_spark" {
  command = plan

  variables {
    engine       = { spark_runner = "emr_serverless" }
    start_grants = { StartJobs = { actions = ["emr-serverless:StartJobRun"], resources = ["arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00f1"] } }
  }

  assert {
    condition     = local.functions.job_starter.environment.SPARK_RUNNER == "emr_serverless" && local.functions.batch_claimer.environment.SPARK_RUNNER == "emr_serverless"
    error_message = "Who starts jobs, and who chooses the engine, must know what runs Spark."
  }

  assert {
    condition     = one(local.functions.job_starter.statements.StartJobs.actions) == "emr-serverless:StartJobRun" && !contains(flatten([for statement in local.functions.job_starter.statements : statement.actions]), "glue:StartJobRun")
    error_message = "job_starter may start what runs Spark, and nothing else."
  }
}
