mock_provider "aws" {
  source = "../../fixtures/mocks"
}

override_module {
  override_during = plan
  target          = module.run_coordinator
  outputs         = { name = "cartlake-test-some-function", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-some-function", role_arn = "arn:aws:iam::123456789012:role/some" }
}

override_module {
  override_during = plan
  target          = module.job_events
  outputs         = { name = "cartlake-test-some-function", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-some-function", role_arn = "arn:aws:iam::123456789012:role/some" }
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
    grants = {
      UseLedger       = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/index/by_state"] }
      RememberStarts  = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"] }
      Announce        = { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test"] }
    }
  }
  run_recorder_arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-recorder:live"
  state_machine_arns = {
    ingest      = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"
    forecast    = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-forecast"
    maintenance = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-maintenance"
    refresh     = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh"
  }
  glue_jobs = {
    dataset_etl       = { name = "test-dataset-etl", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl" }
    demand_forecast   = { name = "test-demand-forecast", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-demand-forecast" }
    table_maintenance = { name = "test-table-maintenance", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-maintenance" }
    table_refresh     = { name = "test-table-refresh", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-refresh" }
  }
}

run "only_ends_of_this_lake_start_job_events" {
  command = plan

  assert {
    condition     = local.job_ended.glue.detail.jobName == tolist(["test-dataset-etl", "test-demand-forecast", "test-table-maintenance", "test-table-refresh"])
    error_message = "Only this lake's jobs may start job_events."
  }

  assert {
    condition     = contains(local.job_ended.glue.detail.state, "SUCCEEDED")
    error_message = "A job that ends as SUCCEEDED without reporting must not leave its step waiting."
  }

  assert {
    condition     = local.execution_ended.detail.stateMachineArn == values(var.state_machine_arns)
    error_message = "Only this lake's machines may start job_events."
  }

  assert {
    condition     = local.job_events.folder == "job_events"
    error_message = "Ends of jobs and runs belong to job_events."
  }

  # Functions are found by their folder.
  assert {
    condition     = keys(output.function_names) == ["job_events", "run_coordinator"] && output.coordinator.folder == "run_coordinator"
    error_message = "Functions must be found by their folder."
  }

  # Without a schedule there is none.
  assert {
    condition     = output.maintenance_schedule == null
    error_message = "On demand only means no schedule."
  }
}

run "maintenance_is_asked_for_by_schedule" {
  command = plan

  variables {
    maintenance_schedule = "cron(30 3 * * ? *)"
  }

  assert {
    condition     = output.maintenance_schedule == "cron(30 3 * * ? *)" && module.schedule.calls["maintenance"].input == jsonencode({ action = "maintain" })
    error_message = "The schedule must ask run_coordinator for maintenance, and the lake must say when."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a schedule that is none.
    maintenance_schedule = "every night"
    # Rejects a missing machine.
    state_machine_arns = { ingest = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest" }
  }

  expect_failures = [var.maintenance_schedule, var.state_machine_arns]
}

run "the_end_of_job_runs_on_emr_serverless_is_watched_where_it_runs_spark" {
  command = plan

  variables {
    emr_application = { id = "00f1", arn = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00f1" }
  }

  assert {
    condition     = local.job_ended[local.spark_runner].source == "aws.emr-serverless" && local.job_ended[local.spark_runner].detail.applicationId == ["00f1"]
    error_message = "Of the ends of job runs, those of this application matter."
  }

  assert {
    condition     = local.can_stop_jobs[local.spark_runner].ReadJobRuns.resources == ["arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00f1/jobruns/*"] && length(local.glue_jobs) == 0
    error_message = "A stopped run cancels job runs of this application only, and looks for none on Glue."
  }
}
