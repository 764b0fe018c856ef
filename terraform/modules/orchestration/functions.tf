locals {
  run_files      = "${var.bucket_arns["artifacts"]}/runs/*"
  machine_arns   = values(local.state_machine_arns)
  execution_arns = [for arn in local.machine_arns : "${replace(arn, ":stateMachine:", ":execution:")}:*"] # executions are named by run
  glue_arn       = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  job_arns       = [for job in var.glue_jobs : job.arn]

  # job_events asks the router to free a dataset. Both come from one map, so its name cannot be read from the other.
  router_name = "${var.name_prefix}-run-coordinator"
  router_arn  = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:function:${local.router_name}"

  # What several functions may do.
  can_use_ledger = { UseLedger = { actions = var.ledger.actions, resources = [var.ledger.arn] } }
  can_announce   = { Announce = { actions = ["events:PutEvents"], resources = [var.event_bus.arn] } }
  # Without the list S3 answers 403 instead of 404 for a report that was never written.
  can_read_runs = {
    ReadRunFiles             = { actions = ["s3:GetObject"], resources = [local.run_files] }
    TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.bucket_arns["artifacts"]] }
  }

  functions = {
    run_coordinator = {
      description = "Keeps one run at a time per dataset, one refresh and one maintenance: takes the lock and starts the run, or frees it and starts the next."
      environment = {
        INGEST_STATE_MACHINE_ARN      = local.state_machine_arns["ingest"]
        REFRESH_STATE_MACHINE_ARN     = local.state_machine_arns["refresh"]
        MAINTENANCE_STATE_MACHINE_ARN = local.state_machine_arns["maintenance"]
      }
      statements = merge(local.can_use_ledger, {
        StartRuns  = { actions = ["states:StartExecution"], resources = local.machine_arns }
        FollowRuns = { actions = ["states:DescribeExecution"], resources = local.execution_arns }
      })
    }
    batch_claimer = {
      description     = "Makes one batch with a manifest of all validated files of a dataset."
      timeout_seconds = 900
      environment = {
        ARTIFACTS_BUCKET = var.buckets["artifacts"]
        ETL_JOB          = var.glue_jobs["dataset_etl"].name
      }
      statements = merge(local.can_use_ledger, {
        CheckDroppedFiles = {
          actions   = ["s3:GetObject", "s3:GetObjectVersion"]
          resources = ["${var.bucket_arns["raw"]}/incoming/*"]
        }
        TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.bucket_arns["raw"], var.bucket_arns["artifacts"]] }
        FindLoadedFiles          = { actions = ["dynamodb:Query"], resources = ["${var.ledger.arn}/index/by_state"] }
        CopyOldVersions = {
          actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
          resources = ["${var.bucket_arns["artifacts"]}/staging/*"]
        }
        WriteManifest = { actions = ["s3:GetObject", "s3:PutObject"], resources = [local.run_files] }
      })
    }
    refresh_planner = {
      description = "Makes one plan of all that is stale: which tables, which of their rows, in which order."
      environment = {
        ARTIFACTS_BUCKET = var.buckets["artifacts"]
        REFRESH_JOB      = var.glue_jobs["table_refresh"].name
        GATHER_SECONDS   = tostring(var.gather_seconds)
      }
      statements = merge(local.can_use_ledger, {
        WritePlan = { actions = ["s3:PutObject"], resources = [local.run_files] }
      })
    }
    maintenance_planner = {
      description     = "Looks at the metadata of every table, and plans maintenance of those it would pay for."
      timeout_seconds = 900
      layers          = ["cartlake", "arrow"]
      environment = {
        ARTIFACTS_BUCKET = var.buckets["artifacts"]
        MAINTENANCE_JOB  = var.glue_jobs["table_maintenance"].name
        DATABASE_PREFIX  = var.database_prefix
      }
      statements = merge(local.can_use_ledger, {
        ReadTables = {
          actions = ["glue:GetDatabase", "glue:GetTable"]
          resources = concat(["${local.glue_arn}:catalog"], flatten([for database in ["curated", "ops", "processed"] : [
            "${local.glue_arn}:database/${var.database_prefix}${database}",
            "${local.glue_arn}:table/${var.database_prefix}${database}/*", # the tables are the contracts'
          ]]))
        }
        ReadTableMetadata = {
          actions = ["s3:GetObject"]
          resources = [
            "${var.bucket_arns["processed"]}/*/metadata/*",
            "${var.bucket_arns["curated"]}/*/metadata/*",
            "${var.bucket_arns["quarantine"]}/ops/*/metadata/*",
          ]
        }
        TellMissingFromForbidden = {
          actions   = ["s3:ListBucket"]
          resources = [for zone in ["processed", "curated", "quarantine"] : var.bucket_arns[zone]]
        }
        WritePlan = { actions = ["s3:PutObject"], resources = [local.run_files] }
      })
    }
    job_starter = {
      description = "Starts a Glue job with the token that ends the step which waits for it."
      environment = { ARTIFACTS_BUCKET = var.buckets["artifacts"] }
      statements = {
        StartJobs = { actions = ["glue:StartJobRun"], resources = local.job_arns }
        RememberStarts = {
          actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
          resources = [var.idempotency_table_arn]
        }
      }
    }
    job_events = {
      description     = "Fails the step of a Glue job that ended without a word, and tidies up after a run that ended badly."
      timeout_seconds = 300
      environment     = { RUN_COORDINATOR_FUNCTION = local.router_name }
      statements = merge(local.can_use_ledger, local.can_announce, {
        ReadJobRuns  = { actions = ["glue:GetJobRun"], resources = local.job_arns }
        FailSteps    = { actions = ["states:SendTaskFailure"], resources = local.machine_arns }
        FreeDatasets = { actions = ["lambda:InvokeFunction"], resources = [local.router_arn] }
      })
    }
    data_quality_check = {
      description = "Decides whether a batch may be published: table rules of the contract, and the row equation."
      environment = { ARTIFACTS_BUCKET = var.buckets["artifacts"] }
      statements = merge(local.can_read_runs, {
        WriteVerdict = { actions = ["s3:PutObject"], resources = [local.run_files] }
      })
    }
    table_publisher = {
      description     = "Fast-forwards a table to its audited branch, or drops the branch."
      timeout_seconds = 120
      layers          = ["cartlake", "arrow"]
      environment     = {}
      statements = {
        CommitTables = {
          actions = ["glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"]
          resources = [
            "${local.glue_arn}:catalog",
            "${local.glue_arn}:database/${var.database_prefix}processed",
            "${local.glue_arn}:table/${var.database_prefix}processed/*", # the tables are the contracts'
          ]
        }
        WriteTableMetadata = {
          actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
          resources = ["${var.bucket_arns["processed"]}/*/metadata/*"]
        }
        TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.bucket_arns["processed"]] }
      }
    }
    run_recorder = {
      description     = "Writes the end of a run: reconciliation, states of its files, lineage, metrics, event."
      timeout_seconds = 900
      environment     = { ARTIFACTS_BUCKET = var.buckets["artifacts"] }
      statements = merge(local.can_use_ledger, local.can_announce, local.can_read_runs, {
        WriteLineage = { actions = ["s3:GetObject", "s3:PutObject"], resources = ["${var.bucket_arns["artifacts"]}/lineage/*"] }
      })
    }
    query_recorder = {
      description = "Keeps what each query of the workgroup scanned and how it ended, for ops.query_history."
      environment = { ARTIFACTS_BUCKET = var.buckets["artifacts"] }
      statements = {
        ReadQueries  = { actions = ["athena:GetQueryExecution"], resources = [var.workgroup.arn] }
        WriteHistory = { actions = ["s3:PutObject"], resources = ["${var.bucket_arns["artifacts"]}/query_history/*"] }
      }
    }
  }

  # These are woken by rules alone.
  called_functions = setsubtract(keys(local.functions), ["job_events", "query_recorder"])
}

module "function" {
  source   = "../function"
  for_each = local.functions

  name_prefix           = var.name_prefix
  function              = each.key
  description           = each.value.description
  artifacts_dir         = var.artifacts_dir
  artifacts_bucket      = var.buckets["artifacts"]
  architecture          = var.architecture
  layer_arns            = [for layer in try(each.value.layers, ["cartlake"]) : var.layer_arns[layer]]
  memory_mb             = 512 # the share of a processor grows with it, and cold starts are processor time
  timeout_seconds       = try(each.value.timeout_seconds, 60)
  log_level             = var.log_level
  log_retention_days    = var.log_retention_days
  kms_key_arn           = var.kms_key_arn
  failure_queue_arn     = var.events_dlq_arn
  alarm_topic_arn       = aws_sns_topic.alerts.arn
  environment_variables = merge(var.common_environment, each.value.environment)
  statements            = each.value.statements
}
