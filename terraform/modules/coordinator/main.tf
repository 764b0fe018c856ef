locals {
  machine_arns   = values(var.state_machine_arns)
  execution_arns = [for arn in local.machine_arns : "${replace(arn, ":stateMachine:", ":execution:")}:*"] # executions are named by run

  spark_runner = var.emr_application == null ? "glue" : "emr_serverless"
  glue_jobs    = [for job in var.glue_jobs : job if var.emr_application == null]
  can_stop_jobs = {
    glue = {
      ReadJobRuns = { actions = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns"], resources = compact(local.glue_jobs[*].arn) }
    }
    emr_serverless = {
      ListJobRuns = { actions = ["emr-serverless:ListJobRuns"], resources = compact([try(var.emr_application.arn, "")]) }
      ReadJobRuns = { actions = ["emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"], resources = ["${try(var.emr_application.arn, "")}/jobruns/*"] } # their ids are not known before
    }
  }
}

module "run_coordinator" {
  source = "../function"

  shared      = var.shared
  function    = "run_coordinator"
  description = "Keeps one run at a time per dataset, one refresh, one maintenance and one forecast: takes the lock and starts the run, or releases it and starts the next."
  memory_mb   = 512 # the share of a processor grows with it, and cold starts are processor time
  environment_variables = {
    INGEST_STATE_MACHINE_ARN      = var.state_machine_arns["ingest"]
    REFRESH_STATE_MACHINE_ARN     = var.state_machine_arns["refresh"]
    MAINTENANCE_STATE_MACHINE_ARN = var.state_machine_arns["maintenance"]
    FORECAST_STATE_MACHINE_ARN    = var.state_machine_arns["forecast"]
    REFRESH_WINDOW_SECONDS        = tostring(var.refresh_window_seconds)
  }
  statements = {
    UseLedger  = var.shared.grants["UseLedger"]
    FindRuns   = var.shared.grants["FindLoadedFiles"] # the last run of a dataset, in the same index
    StartRuns  = { actions = ["states:StartExecution"], resources = local.machine_arns }
    FollowRuns = { actions = ["states:DescribeExecution"], resources = local.execution_arns }
  }
}

module "job_events" {
  source = "../function"

  shared          = var.shared
  function        = "job_events"
  description     = "Fails the waiting step of a job that ended without reporting, and cleans up after a run that failed."
  memory_mb       = 512
  timeout_seconds = 300
  environment_variables = {
    RUN_COORDINATOR_FUNCTION = module.run_coordinator.arn
    RUN_RECORDER_FUNCTION    = var.run_recorder_arn
    GLUE_JOBS                = join(",", sort(local.glue_jobs[*].name))
    EMR_APPLICATION_ID       = try(var.emr_application.id, "")
  }
  statements = merge(local.can_stop_jobs[local.spark_runner], {
    UseLedger = var.shared.grants["UseLedger"]
    Announce  = var.shared.grants["Announce"]
    FailSteps = { actions = ["states:SendTaskFailure"], resources = local.machine_arns }
    EndRuns   = { actions = ["lambda:InvokeFunction"], resources = [module.run_coordinator.arn, var.run_recorder_arn] }
  })
}
