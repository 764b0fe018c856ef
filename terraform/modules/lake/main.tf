locals {
  name_prefix = "${var.project}-${var.environment}"

  zones = {
    raw            = { versioned = true, event_notifications = true, noncurrent_expiration_days = var.retention.noncurrent_raw_objects_days }
    processed      = {}
    curated        = {}
    quarantine     = {}
    artifacts      = { expiring_prefixes = { "staging/" = 7 } } # copies that a backfill reads, needed for one run
    athena-results = { expiration_days = var.retention.athena_results_days }
    exports        = { expiration_days = var.retention.exports_days }
  }

  buckets = module.storage.bucket_names

  databases = {
    raw       = { description = "Files as they were dropped.", location = "s3://${local.buckets["raw"]}/incoming/" }
    processed = { description = "Conformed, checked and deduplicated rows.", location = "s3://${local.buckets["processed"]}/" }
    curated   = { description = "Marts.", location = "s3://${local.buckets["curated"]}/" }
    ops       = { description = "Quarantined rows, quality results and runs.", location = "s3://${local.buckets["quarantine"]}/ops/" }
  }

  contracts_dir = "${path.module}/../../../contracts"
  contracts     = [for file in fileset(local.contracts_dir, "*.odcs.yaml") : yamldecode(file("${local.contracts_dir}/${file}"))]

  # Files are dropped for those datasets whose contract says which files may be.
  datasets = [
    for contract in local.contracts : contract.name
    if contains([for custom in try(contract.customProperties, []) : custom.property], "cartlake.file")
  ]

  # Glue drops arguments that are empty and then takes the next name for the value.
  job_arguments = merge({ catalog = "glue_catalog" }, var.database_prefix == "" ? {} : { database_prefix = var.database_prefix })

  glue_jobs = {
    dataset_etl = {
      description         = "Dropped files of any dataset to its processed table, on an audit branch; bad rows to quarantine."
      read_paths          = ["raw/incoming/"]
      write_paths         = ["processed/", "quarantine/ops/"]
      write_databases     = ["processed", "ops"]
      max_concurrent_runs = 20 # one per dataset at most: the ledger lets no two runs of one dataset work at a time
      arguments = merge(local.job_arguments, {
        quarantine_table = "${module.catalog.databases["ops"]}.quarantine_rows"
        quality_table    = "${module.catalog.databases["ops"]}.quality_results"
      })
    }
    table_maintenance = {
      description      = "Joins small files, drops deleted rows, expires versions and clears away what belongs to nothing."
      write_paths      = ["processed/", "curated/", "quarantine/ops/"]
      write_databases  = ["processed", "curated", "ops"]
      invoke_functions = ["run_coordinator"]
      arguments        = merge(local.job_arguments, { coordinator_function = "${local.name_prefix}-run-coordinator" })
    }
    table_refresh = {
      description     = "Rebuilds the rows that new data made stale, in every table that is built from others."
      read_paths      = ["processed/"]
      write_paths     = ["processed/", "curated/", "quarantine/ops/"]
      write_databases = ["processed", "curated", "ops"]
      arguments       = merge(local.job_arguments, { quality_table = "${module.catalog.databases["ops"]}.quality_results" })
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

module "storage" {
  source = "../storage"

  name_prefix   = local.name_prefix
  zones         = local.zones
  force_destroy = var.force_destroy
}

module "catalog" {
  source = "../catalog"

  name_prefix      = local.name_prefix
  databases        = local.databases
  database_prefix  = var.database_prefix
  raw_bucket_name  = local.buckets["raw"]
  raw_bucket_arn   = module.storage.bucket_arns["raw"]
  datasets         = local.datasets
  crawler_schedule = var.crawler_schedule
  query_history    = "s3://${local.buckets["artifacts"]}/query_history/"
  kms_key_arn      = module.storage.kms_key_arn
}

module "ingest" {
  source = "../ingest"

  name_prefix         = local.name_prefix
  environment         = var.environment
  buckets             = local.buckets
  bucket_arns         = module.storage.bucket_arns
  artifacts_dir       = var.artifacts_dir
  architecture        = var.lambda_architecture
  validator           = var.validator
  queue               = var.queue
  deletion_protection = var.deletion_protection
  log_level           = var.log_level
  log_retention_days  = var.retention.logs_days
  kms_key_arn         = module.storage.kms_key_arn
  alarm_topic_arn     = module.orchestration.alerts_topic_arn
}

module "etl" {
  source = "../etl"

  name_prefix        = local.name_prefix
  buckets            = local.buckets
  bucket_arns        = module.storage.bucket_arns
  databases          = module.catalog.databases
  artifacts_dir      = var.artifacts_dir
  glue_version       = var.glue_version
  python_modules     = var.glue_python_modules
  jobs               = { for name, job in local.glue_jobs : name => merge(job, try(var.glue_jobs[name], {})) }
  state_machine_arns = values(module.orchestration.state_machine_arns)
  kms_key_arn        = module.storage.kms_key_arn
}

module "orchestration" {
  source = "../orchestration"

  name_prefix           = local.name_prefix
  environment           = var.environment
  buckets               = local.buckets
  bucket_arns           = module.storage.bucket_arns
  database_prefix       = var.database_prefix
  glue_jobs             = module.etl.jobs
  workgroup             = { name = module.athena.workgroup, arn = module.athena.workgroup_arn }
  gather_seconds        = var.gather_seconds
  maintenance_schedule  = var.maintenance_schedule
  artifacts_dir         = var.artifacts_dir
  architecture          = var.lambda_architecture
  layer_arns            = module.ingest.layer_arns
  common_environment    = module.ingest.common_environment
  ledger                = module.ingest.ledger
  idempotency_table_arn = module.ingest.idempotency_table_arn
  event_bus             = module.ingest.event_bus
  events_dlq_arn        = module.ingest.events_dlq_arn
  alert_emails          = var.alert_emails
  log_level             = var.log_level
  log_retention_days    = var.retention.logs_days
  kms_key_arn           = module.storage.kms_key_arn
}

module "sharing" {
  source = "../sharing"

  name_prefix        = local.name_prefix
  exports_bucket_arn = module.storage.bucket_arns["exports"]
  readers            = var.export_readers
  kms_key_arn        = module.storage.kms_key_arn
}

module "athena" {
  source = "../athena"

  name_prefix    = local.name_prefix
  results_bucket = local.buckets["athena-results"]
  database       = module.catalog.databases["curated"]
  queries_dir    = "${path.module}/../../../athena_queries"
  scan_limit_gb  = var.athena_scan_limit_gb
  force_destroy  = var.force_destroy
  kms_key_arn    = module.storage.kms_key_arn
}
