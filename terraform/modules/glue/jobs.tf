locals {
  worker_dpus = { "G.1X" = 1, "G.2X" = 2, "G.4X" = 4, "G.8X" = 8, "R.1X" = 1, "R.2X" = 2, "R.4X" = 4, "R.8X" = 8 }
  # For what a run costs; a job without a size of its own has two workers of the smallest type.
  dpus = {
    for job in ["dataset_etl", "demand_forecast", "table_refresh"] : job => tostring(
      try(var.sizes[job].number_of_workers, 2) * lookup(local.worker_dpus, try(var.sizes[job].worker_type, "G.1X"), 1)
    )
  }

  code_arns = { for folder in ["emr_jobs", "glue_jobs", "libs", "staging"] : folder => "${var.buckets["artifacts"].arn}/${folder}/*" }
  start_grants = {
    glue = {
      StartJobs = { actions = ["glue:GetJob", "glue:StartJobRun"], resources = compact([for job in module.job : job.job.arn]) }
      ReadCode  = { actions = ["s3:GetObject"], resources = [local.code_arns["libs"]] }
    }
    emr_serverless = {
      StartJobs    = { actions = ["emr-serverless:StartJobRun"], resources = compact([try(var.emr_serverless.arn, "")]) }
      PassJobRoles = { actions = ["iam:PassRole"], resources = [for job in module.job : job.job.role_arn] }
      ReadCode     = { actions = ["s3:GetObject"], resources = [for folder in ["emr_jobs", "glue_jobs", "libs"] : local.code_arns[folder]] }
      TidyCode     = { actions = ["s3:AbortMultipartUpload"], resources = [local.code_arns["staging"]] } # packages are copied in parts
    }
  }

  # Each job, keyed by its folder under glue_jobs/, and what it may touch.
  jobs = {
    dataset_etl = {
      description         = "Loads dropped files of any dataset onto an audit branch of its table, and quarantines bad rows."
      max_concurrent_runs = 20 # one per dataset at most: the ledger lets no two runs of one dataset work at a time
      access = {
        read_paths      = ["raw/incoming/", "artifacts/erasure/"] # tombstones of people who were erased
        write_paths     = ["processed/", "quarantine/ops/"]
        write_databases = ["processed", "ops"]
      }
      arguments = {
        dpus             = local.dpus["dataset_etl"]
        quarantine_table = "${var.databases["ops"]}.quarantine_rows"
        quality_table    = "${var.databases["ops"]}.quality_results"
      }
    }
    demand_forecast = {
      description = "Forecasts demand, measures price elasticities, and says what a change of price would do."
      access = {
        read_paths      = ["processed/"]
        read_databases  = ["processed"]
        write_paths     = ["curated/", "quarantine/ops/"]
        write_databases = ["curated", "ops"]
      }
      arguments = {
        dpus          = local.dpus["demand_forecast"]
        quality_table = "${var.databases["ops"]}.quality_results"
      }
    }
    table_maintenance = {
      description = "Joins small files, applies deletes, expires snapshots and removes orphan files."
      access = {
        write_paths     = ["processed/", "curated/", "quarantine/ops/"]
        write_databases = ["processed", "curated", "masked", "ops"]
        function_arns   = [var.coordinator.arn]
      }
      arguments = { coordinator_function = "${var.coordinator.name}:${var.coordinator.alias}" } # what the role may invoke
    }
    table_refresh = {
      description = "Rebuilds the rows that new data made stale, in every table that is built from others."
      access = {
        read_paths      = ["processed/"]
        write_paths     = ["processed/", "curated/", "quarantine/ops/"]
        write_databases = ["processed", "curated", "masked", "ops"]
      }
      arguments = {
        dpus          = local.dpus["table_refresh"]
        quality_table = "${var.databases["ops"]}.quality_results"
      }
    }
  }
}
