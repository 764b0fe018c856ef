locals {
  job_ended = {
    glue = {
      source      = "aws.glue"
      detail_type = "Glue Job State Change"
      detail = {
        jobName = sort(local.glue_jobs[*].name)
        state   = ["FAILED", "STOPPED", "SUCCEEDED", "TIMEOUT"]
      }
    }
    emr_serverless = {
      source      = "aws.emr-serverless"
      detail_type = "EMR Serverless Job Run State Change"
      detail = {
        applicationId = [try(var.emr_application.id, "")]
        state         = ["CANCELLED", "FAILED", "SUCCESS"]
      }
    }
  }

  execution_ended = {
    source      = "aws.states"
    detail_type = "Step Functions Execution Status Change"
    detail = {
      stateMachineArn = sort(local.machine_arns)
      status          = ["ABORTED", "FAILED", "TIMED_OUT"]
    }
  }

  job_events = { folder = "job_events", name = module.job_events.name, alias = module.job_events.alias, arn = module.job_events.arn }
}

module "glue_job_ended" {
  source = "../event_rule"

  name_prefix       = var.shared.name_prefix
  rule              = "glue-job-ended"
  description       = "A Spark job ended: if it did not report so itself, fail the step that waits for it."
  event             = local.job_ended[local.spark_runner]
  function          = local.job_events
  failure_queue_arn = var.shared.failure_queue_arn
}

module "execution_ended_badly" {
  source = "../event_rule"

  name_prefix       = var.shared.name_prefix
  rule              = "execution-ended-badly"
  description       = "An execution failed, timed out or was aborted: do the clean-up it could not do itself."
  event             = local.execution_ended
  function          = local.job_events
  failure_queue_arn = var.shared.failure_queue_arn
}
