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

  mock_resource "aws_sns_topic" {
    override_during = plan
    defaults        = { arn = "arn:aws:sns:eu-west-1:123456789012:cartlake-test-alerts" }
  }
}

override_resource {
  override_during = plan
  target          = aws_sfn_state_machine.this["ingest"]
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest" }
}

override_resource {
  override_during = plan
  target          = aws_sfn_state_machine.this["refresh"]
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh" }
}

override_resource {
  override_during = plan
  target          = aws_sfn_state_machine.this["maintenance"]
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-maintenance" }
}

override_module {
  override_during = plan
  target          = module.function
  outputs = {
    name     = "cartlake-test-some-function"
    arn      = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-some-function"
    role_arn = "arn:aws:iam::123456789012:role/cartlake-test-some-function"
  }
}

variables {
  name_prefix     = "cartlake-test"
  environment     = "test"
  buckets         = { artifacts = "test-artifacts" }
  bucket_arns     = { raw = "arn:aws:s3:::test-raw", processed = "arn:aws:s3:::test-processed", curated = "arn:aws:s3:::test-curated", quarantine = "arn:aws:s3:::test-quarantine", artifacts = "arn:aws:s3:::test-artifacts" }
  database_prefix = "dev_"
  artifacts_dir   = "../../fixtures/artifacts"
  architecture    = "arm64"
  layer_arns = {
    cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1"
    arrow    = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1"
  }
  common_environment    = { LEDGER_TABLE = "ledger" }
  ledger                = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger", actions = ["dynamodb:GetItem"] }
  idempotency_table_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"
  event_bus             = { name = "cartlake-test", arn = "arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test" }
  events_dlq_arn        = "arn:aws:sqs:eu-west-1:123456789012:cartlake-test-events-dlq"
  kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
  workgroup             = { name = "cartlake-test", arn = "arn:aws:athena:eu-west-1:123456789012:workgroup/cartlake-test" }
  glue_jobs = {
    table_maintenance = { name = "test-table-maintenance", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-maintenance", timeout_minutes = 60 }
    table_refresh     = { name = "test-table-refresh", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-refresh", timeout_minutes = 60 }
    dataset_etl       = { name = "test-dataset-etl", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl", timeout_minutes = 60 }
  }
}

run "the_machine_is_rendered_whole" {
  command = plan

  assert {
    condition     = !strcontains(aws_sfn_state_machine.this["ingest"].definition, "$${")
    error_message = "Every placeholder must be filled."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this["ingest"].definition).States.NotifyFailure.Parameters.TopicArn == aws_sns_topic.alerts.arn
    error_message = "Failures must go to the alerts topic."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this["ingest"].definition).States.Publish.Parameters.Payload["table.$"] == "States.Format('dev_{}', $.claim.Payload.table)"
    error_message = "The published table must be in the processed database, whatever its prefix."
  }
}

run "the_machine_is_traced_logged_and_encrypted" {
  command = plan

  assert {
    condition     = aws_sfn_state_machine.this["ingest"].tracing_configuration[0].enabled && aws_sfn_state_machine.this["ingest"].logging_configuration[0].level == "ALL"
    error_message = "Every execution must leave a trace and a log."
  }

  assert {
    condition     = aws_sfn_state_machine.this["ingest"].encryption_configuration[0].kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.state_machine["ingest"].kms_key_id == var.kms_key_arn
    error_message = "Execution data must be encrypted with the lake's key."
  }

  assert {
    condition     = output.state_machine_arns == { for machine in ["ingest", "maintenance", "refresh"] : machine => "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-${machine}" }
    error_message = "The ARN must be known before the machine is, for those the machine calls."
  }
}

run "files_are_loaded_and_tables_rebuilt_by_their_jobs" {
  command = plan

  assert {
    condition     = local.functions.batch_claimer.environment.ETL_JOB == "test-dataset-etl" && local.functions.refresh_planner.environment.REFRESH_JOB == "test-table-refresh" && local.functions.maintenance_planner.environment.MAINTENANCE_JOB == "test-table-maintenance"
    error_message = "The first step of each machine must know the job of its own."
  }

  assert {
    condition     = !strcontains(aws_sfn_state_machine.this["refresh"].definition, "$${")
    error_message = "Every placeholder must be filled."
  }
}

run "events_find_their_functions" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_rule.this["file-validated"].event_bus_name == "cartlake-test" && aws_cloudwatch_event_target.this["file-validated"].target_id == "run_coordinator"
    error_message = "A validated file must wake the router, over our own bus."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["glue-job-ended"].event_pattern).detail.jobName == ["test-dataset-etl", "test-table-maintenance", "test-table-refresh"]
    error_message = "Only this lake's jobs may wake job_events."
  }

  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.this["glue-job-ended"].event_pattern).detail.state, "SUCCEEDED")
    error_message = "A job that ends silently and green must not leave its step waiting."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["query-ended"].event_pattern).detail == { workgroupName = ["cartlake-test"], currentState = ["CANCELLED", "FAILED", "SUCCEEDED"] }
    error_message = "Queries of this lake's workgroup are kept when they end, however they end."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["execution-ended-badly"].event_pattern).detail.stateMachineArn == values(output.state_machine_arns)
    error_message = "Only this lake's machine may wake job_events."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.this : target.dead_letter_config[0].arn == var.events_dlq_arn && target.retry_policy[0].maximum_retry_attempts > 0])
    error_message = "No event may be lost: retry, then keep it."
  }
}

run "the_machine_may_call_its_steps_only" {
  command = plan

  assert {
    condition     = length(setintersection(local.called_functions, ["job_events", "query_recorder"])) == 0 && length(local.called_functions) == 8
    error_message = "job_events and query_recorder are woken by rules; the machine has no business with them."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.state_machine["ingest"].statement : statement.sid if contains(statement.resources, "*")] == ["DeliverLogs", "SendTraces"]
    error_message = "Wildcards are for the services that know no resources."
  }

  assert {
    condition     = contains(local.steps.ingest, "table_publisher") && !contains(local.steps.refresh, "table_publisher") && contains(local.steps.refresh, "refresh_planner")
    error_message = "A machine may call the functions its definition names, and no other."
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
}

run "maintenance_is_asked_for_by_schedule" {
  command = plan

  variables {
    maintenance_schedule = "cron(30 3 * * ? *)"
  }

  assert {
    condition     = aws_scheduler_schedule.maintenance[0].target[0].input == jsonencode({ action = "maintain" }) && aws_scheduler_schedule.maintenance[0].target[0].dead_letter_config[0].arn == var.events_dlq_arn
    error_message = "The schedule must ask run_coordinator, and an unanswered request must be kept."
  }

  assert {
    condition     = output.maintenance_schedule == "cron(30 3 * * ? *)" && data.aws_iam_policy_document.scheduler.statement[0].actions == toset(["lambda:InvokeFunction"])
    error_message = "The schedule may call one function, and the lake must say when."
  }
}

run "without_a_schedule_there_is_none" {
  command = plan

  assert {
    condition     = length(aws_scheduler_schedule.maintenance) == 0 && length(aws_iam_role.scheduler) == 0 && output.maintenance_schedule == null
    error_message = "On demand only means no schedule and no role for it."
  }
}

run "rejects_a_schedule_nobody_understands" {
  command = plan

  variables {
    maintenance_schedule = "every night"
  }

  expect_failures = [var.maintenance_schedule]
}

run "no_function_holds_more_than_it_needs" {
  command = plan

  assert {
    condition     = [for name, function in local.functions : name if contains(flatten([for statement in function.statements : statement.actions]), "glue:StartJobRun")] == ["job_starter"]
    error_message = "Only job_starter may start jobs."
  }

  assert {
    condition     = [for name, function in local.functions : name if contains(flatten([for statement in function.statements : statement.actions]), "glue:UpdateTable")] == ["table_publisher"]
    error_message = "Only table_publisher may move a table."
  }
}

run "the_name_job_events_calls_is_the_router_s" {
  command = plan

  assert {
    condition     = local.functions.job_events.environment.RUN_COORDINATOR_FUNCTION == "cartlake-test-run-coordinator" && strcontains(local.router_arn, ":function:cartlake-test-run-coordinator")
    error_message = "job_events must call the router by the name the function module gives it."
  }
}

run "alarms_and_addresses_reach_the_topic" {
  command = plan

  variables {
    alert_emails = ["oncall@example.com"]
  }

  assert {
    condition     = aws_sns_topic_subscription.email["oncall@example.com"].protocol == "email"
    error_message = "Each address must be subscribed."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.executions : alarm.alarm_actions == toset([aws_sns_topic.alerts.arn])]) && length(aws_cloudwatch_metric_alarm.executions) == 9
    error_message = "Failed, timed-out and aborted runs must be heard of."
  }

  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == var.kms_key_arn
    error_message = "Alerts must be encrypted."
  }
}

run "rejects_a_job_that_outlives_its_step" {
  command = plan

  variables {
    glue_jobs = {
      table_maintenance = { name = "test-table-maintenance", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-maintenance", timeout_minutes = 60 }
      table_refresh     = { name = "test-table-refresh", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-table-refresh", timeout_minutes = 60 }
      dataset_etl       = { name = "test-dataset-etl", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl", timeout_minutes = 600 }
    }
  }

  expect_failures = [aws_sfn_state_machine.this["ingest"]]
}

run "rejects_a_missing_job" {
  command = plan

  variables {
    glue_jobs = { dataset_etl = { name = "test-dataset-etl", arn = "arn:aws:glue:eu-west-1:123456789012:job/test-dataset-etl", timeout_minutes = 60 } }
  }

  expect_failures = [var.glue_jobs]
}

run "rejects_what_is_no_address" {
  command = plan

  variables {
    alert_emails = ["oncall"]
  }

  expect_failures = [var.alert_emails]
}
