module "lake" {
  source = "../../modules/lake"

  environment          = "local"
  artifacts_dir        = coalesce(var.artifacts_dir, "${path.root}/../../../build")
  lambda_architecture  = var.lambda_architecture
  deletion_protection  = false
  force_destroy        = true
  maintenance_schedule = var.maintenance_schedule
  retention            = { logs_days = 7 }
  ingest               = { validator = { maximum_concurrency = 2 } } # all cold starts share the same few cores
}
