module "lake" {
  source = "../../modules/lake"

  access              = var.access
  api                 = var.api
  environment         = "dev"
  artifacts_dir       = coalesce(var.artifacts_dir, "${path.root}/../../../build")
  alert_emails        = var.alert_emails
  cost_alerts         = var.cost_alerts
  database_prefix     = var.database_prefix
  monitoring          = var.monitoring
  deletion_protection = false
  force_destroy       = true
  log_level           = "DEBUG"

  athena_scan_limit_gb = 10
  retention            = { logs_days = 14, athena_results_days = 7, noncurrent_raw_objects_days = 7, access_logs_days = 14, table_versions_days = 3 }

  glue = {
    sizes = {
      dataset_etl   = { number_of_workers = 2, timeout_minutes = 30 }
      table_refresh = { number_of_workers = 2, timeout_minutes = 30 }
    }
  }
}
