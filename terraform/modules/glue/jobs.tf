locals {
  # Each job, keyed by its folder under glue_jobs/, and what it may touch.
  jobs = {
    dataset_etl = {
      description         = "Loads dropped files of any dataset onto an audit branch of its table, and quarantines bad rows."
      max_concurrent_runs = 20 # one per dataset at most: the ledger lets no two runs of one dataset work at a time
      access = {
        read_paths      = ["raw/incoming/"]
        write_paths     = ["processed/", "quarantine/ops/"]
        write_databases = ["processed", "ops"]
      }
      arguments = {
        quarantine_table = "${var.databases["ops"]}.quarantine_rows"
        quality_table    = "${var.databases["ops"]}.quality_results"
      }
    }
    table_maintenance = {
      description = "Joins small files, applies deletes, expires snapshots and removes orphan files."
      access = {
        write_paths     = ["processed/", "curated/", "quarantine/ops/"]
        write_databases = ["processed", "curated", "ops"]
        function_arns   = [var.coordinator.arn]
      }
      arguments = { coordinator_function = var.coordinator.name }
    }
    table_refresh = {
      description = "Rebuilds the rows that new data made stale, in every table that is built from others."
      access = {
        read_paths      = ["processed/"]
        write_paths     = ["processed/", "curated/", "quarantine/ops/"]
        write_databases = ["processed", "curated", "ops"]
      }
      arguments = { quality_table = "${var.databases["ops"]}.quality_results" }
    }
  }
}
