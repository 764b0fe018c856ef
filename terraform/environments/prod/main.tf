module "lake" {
  source = "../../modules/lake"

  access              = var.access
  api                 = var.api
  environment         = "prod"
  artifacts_dir       = coalesce(var.artifacts_dir, "${path.root}/../../../build")
  alert_emails        = var.alert_emails
  cost_alerts         = var.cost_alerts
  database_prefix     = var.database_prefix
  deletion_protection = true

  athena_scan_limit_gb = 1000
  crawler_schedule     = "cron(0 5 * * ? *)"
  retention            = { logs_days = 365, athena_results_days = 30, noncurrent_raw_objects_days = 365, access_logs_days = 365, table_versions_days = 14 }

  glue = {
    sizes = {
      dataset_etl   = { worker_type = "G.2X", number_of_workers = 10, timeout_minutes = 180 }
      table_refresh = { number_of_workers = 5, timeout_minutes = 120 }
    }
  }

  monitoring = var.monitoring

  planner_memory_mb = 1769 # a whole processor

  ingest = { validator = { maximum_concurrency = 50 } }
}
