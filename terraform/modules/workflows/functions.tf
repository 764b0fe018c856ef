data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  run_files = "${var.buckets["artifacts"].arn}/runs/*"
  glue_arn  = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # By name, because both are made by the same module.
  publisher_arn = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:function:${var.shared.name_prefix}-table-publisher:live"

  # The tables are the contracts'.
  processed_tables = ["${local.glue_arn}:catalog", "${local.glue_arn}:database/${var.database_prefix}processed", "${local.glue_arn}:table/${var.database_prefix}processed/*"]
  # They read the metadata of tables, one manifest after the other.
  planners = ["batch_claimer", "maintenance_planner", "refresh_planner"]

  # What functions that write lineage need to know of the lake.
  lineage = { DATABASE_PREFIX = var.database_prefix, LINEAGE_NAMESPACE = var.shared.name_prefix }

  # What several functions may do.
  can_start_lineage = {
    WriteLineage = { actions = ["s3:PutObject"], resources = [for what in ["events", "rows"] : "${var.buckets["artifacts"].arn}/lineage/${what}/*"] }
  }
  can_use_ledger = { UseLedger = var.shared.grants["UseLedger"] }
  # Without the list S3 answers 403 instead of 404 for a report that was never written.
  can_read_runs = {
    ReadRunFiles             = { actions = ["s3:GetObject"], resources = [local.run_files] }
    TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.buckets["artifacts"].arn] }
  }

  # The functions of the machines' steps.
  functions = {
    batch_claimer = {
      description     = "Makes one batch with a manifest of all validated files of a dataset."
      timeout_seconds = 900
      environment = merge(module.light_engine.limits, local.lineage, {
        ARTIFACTS_BUCKET = var.buckets["artifacts"].name
        TRANSFORM_JOB    = var.glue_jobs["dataset_etl"].name
      })
      statements = merge(local.can_use_ledger, local.can_start_lineage, {
        CheckDroppedFiles        = { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${var.buckets["raw"].arn}/incoming/*"] }
        TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [for zone in ["raw", "artifacts", "processed"] : var.buckets[zone].arn] }
        FindLoadedFiles          = var.shared.grants["FindLoadedFiles"]
        CopyOldVersions          = { actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], resources = ["${var.buckets["artifacts"].arn}/staging/*"] }
        WriteManifest            = { actions = ["s3:PutObject"], resources = [local.run_files] }
        FindTable                = { actions = ["glue:GetTable"], resources = local.processed_tables }
        ReadTableSize            = { actions = ["s3:GetObject"], resources = ["${var.buckets["processed"].arn}/*/metadata/*"] }
      })
    }
    refresh_planner = {
      description = "Makes one plan of all that is stale: which tables, which of their rows, in which order; and the plan of a forecast."
      environment = merge(module.light_engine.limits, local.lineage, {
        ARTIFACTS_BUCKET = var.buckets["artifacts"].name
        FORECAST_JOB     = var.glue_jobs["demand_forecast"].name
        REFRESH_JOB      = var.glue_jobs["table_refresh"].name
        GATHER_SECONDS   = tostring(var.gather_seconds)
      })
      statements = merge(local.can_use_ledger, local.can_start_lineage, module.light_engine.size_grants, {
        WritePlan = { actions = ["s3:PutObject"], resources = [local.run_files] }
      })
    }
    maintenance_planner = {
      description     = "Reads the metadata of every table, and plans maintenance of those that need it."
      timeout_seconds = 900
      layers          = ["cartlake", "arrow"]
      environment = merge(local.lineage, {
        ARTIFACTS_BUCKET = var.buckets["artifacts"].name
        MAINTENANCE_JOB  = var.glue_jobs["table_maintenance"].name
      })
      statements = merge(local.can_use_ledger, local.can_start_lineage, {
        ReadTables = {
          actions = ["glue:GetDatabase", "glue:GetTable"]
          resources = concat(["${local.glue_arn}:catalog"], flatten([for database in ["curated", "masked", "ops", "processed"] : [
            "${local.glue_arn}:database/${var.database_prefix}${database}",
            "${local.glue_arn}:table/${var.database_prefix}${database}/*", # the tables are the contracts'
          ]]))
        }
        ReadTableMetadata = {
          actions = ["s3:GetObject"]
          resources = [
            "${var.buckets["processed"].arn}/*/metadata/*",
            "${var.buckets["curated"].arn}/*/metadata/*",
            "${var.buckets["quarantine"].arn}/ops/*/metadata/*",
          ]
        }
        TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [for zone in ["processed", "curated", "quarantine"] : var.buckets[zone].arn] }
        WritePlan                = { actions = ["s3:PutObject"], resources = [local.run_files] }
      })
    }
    job_starter = {
      description = "Starts a Spark job with the token that ends the step which waits for it."
      environment = { ARTIFACTS_BUCKET = var.buckets["artifacts"].name, SPARK_RUNNER = coalesce(var.engine.spark_runner, "glue") }
      statements  = merge(var.start_grants, { RememberStarts = var.shared.grants["RememberStarts"] })
    }
    data_quality_check = {
      description = "Decides whether a batch may be published: table rules of the contract, and the row equation."
      environment = { ARTIFACTS_BUCKET = var.buckets["artifacts"].name }
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
          actions   = ["glue:GetTable", "glue:UpdateTable"]
          resources = local.processed_tables
        }
        WriteTableMetadata = {
          actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
          resources = ["${var.buckets["processed"].arn}/*/metadata/*"]
        }
        TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.buckets["processed"].arn] }
      }
    }
    run_recorder = {
      description     = "Writes the end of a run: reconciliation, states of its files, lineage, metrics, event."
      timeout_seconds = 900
      environment = merge(local.lineage, {
        ARTIFACTS_BUCKET         = var.buckets["artifacts"].name
        QUARANTINE_BUCKET        = var.buckets["quarantine"].name
        TABLE_PUBLISHER_FUNCTION = local.publisher_arn
        LINEAGE_URL              = var.lineage.url
        LINEAGE_SECRET           = try(var.lineage.secret.name, "") # its name: the value is in Secrets Manager alone
      })
      statements = merge(local.can_use_ledger, local.can_read_runs, {
        Announce                 = var.shared.grants["Announce"]
        ChangeManifest           = { actions = ["s3:PutObject"], resources = ["${var.buckets["artifacts"].arn}/runs/*/manifest.json"] }
        ReadBadFiles             = { actions = [for what in ["", "Tagging", "Version", "VersionTagging"] : "s3:GetObject${what}"], resources = ["${var.buckets["raw"].arn}/incoming/*"] }
        KeepBadFiles             = { actions = [for what in ["AbortMultipartUpload", "PutObject", "PutObjectTagging"] : "s3:${what}"], resources = ["${var.buckets["quarantine"].arn}/rejected/*"] }
        TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [for zone in ["artifacts", "raw"] : var.buckets[zone].arn] }
        WriteLineage             = { actions = ["s3:PutObject"], resources = ["${var.buckets["artifacts"].arn}/lineage/*"] }
        AskWhatIsPublished       = { actions = ["lambda:InvokeFunction"], resources = [local.publisher_arn] }
      }, var.lineage.secret == null ? {} : { ReadLineageSecret = { actions = ["secretsmanager:GetSecretValue"], resources = [var.lineage.secret.arn] } })
    }
  }
}

module "function" {
  source   = "../function"
  for_each = local.functions

  shared                = var.shared
  function              = each.key
  description           = each.value.description
  layers                = try(each.value.layers, ["cartlake"])
  memory_mb             = contains(local.planners, each.key) ? var.planner_memory_mb : 512 # the share of a processor grows with it, and cold starts are processor time
  timeout_seconds       = try(each.value.timeout_seconds, 60)
  environment_variables = each.value.environment
  statements            = each.value.statements
}

module "light_engine" {
  source = "../light_engine"

  shared          = var.shared
  buckets         = var.buckets
  database_prefix = var.database_prefix
  engine          = var.engine
  dashboard       = var.dashboard
}
