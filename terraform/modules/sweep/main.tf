data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  execution_arns = [for arn in values(var.state_machine_arns) : "${replace(arn, ":stateMachine:", ":execution:")}:*"] # executions are named by run

  # By name, because the function calls itself for the rest of a long listing.
  sweeper_arn = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:function:${var.shared.name_prefix}-lake-sweeper:live"
}

module "lake_sweeper" {
  source = "../function"

  shared          = var.shared
  function        = "lake_sweeper"
  description     = "Compares the raw zone with the ledger: announces files without a record, closes runs without an execution."
  memory_mb       = 512
  timeout_seconds = 900
  environment_variables = {
    RAW_BUCKET                    = var.raw_bucket.name
    INCOMING_QUEUE_URL            = var.incoming_queue.url
    RUN_COORDINATOR_FUNCTION      = var.coordinator.arn
    RUN_RECORDER_FUNCTION         = var.run_recorder_arn
    GRACE_SECONDS                 = tostring(var.grace_seconds)
    INGEST_STATE_MACHINE_ARN      = var.state_machine_arns["ingest"]
    REFRESH_STATE_MACHINE_ARN     = var.state_machine_arns["refresh"]
    MAINTENANCE_STATE_MACHINE_ARN = var.state_machine_arns["maintenance"]
    FORECAST_STATE_MACHINE_ARN    = var.state_machine_arns["forecast"]
  }
  statements = {
    ListDroppedFiles = { actions = ["s3:ListBucketVersions"], resources = [var.raw_bucket.arn] }
    UseLedger        = var.shared.grants["UseLedger"]
    FindFilesAndRuns = var.shared.grants["FindLoadedFiles"] # by state, in the same index
    Announce         = var.shared.grants["Announce"]
    AnnounceFiles    = { actions = ["sqs:GetQueueAttributes", "sqs:SendMessage"], resources = [var.incoming_queue.arn] }
    FollowRuns       = { actions = ["states:DescribeExecution"], resources = local.execution_arns }
    StartAndGoOn     = { actions = ["lambda:InvokeFunction"], resources = [var.coordinator.arn, var.run_recorder_arn, local.sweeper_arn] }
  }
}
