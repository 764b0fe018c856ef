module "lake" {
  source = "../../modules/lake"

  access              = var.access
  api                 = var.api
  environment         = "staging"
  artifacts_dir       = coalesce(var.artifacts_dir, "${path.root}/../../../build")
  alert_emails        = var.alert_emails
  cost_alerts         = var.cost_alerts
  database_prefix     = var.database_prefix
  monitoring          = var.monitoring
  deletion_protection = true

  athena_scan_limit_gb = 100
  crawler_schedule     = "cron(0 5 * * ? *)"
  retention            = { logs_days = 30, athena_results_days = 14, noncurrent_raw_objects_days = 30, access_logs_days = 30, table_versions_days = 7 }

  glue = {
    sizes = {
      dataset_etl   = { number_of_workers = 5, timeout_minutes = 120 }
      table_refresh = { number_of_workers = 3, timeout_minutes = 60 }
    }
  }
}
