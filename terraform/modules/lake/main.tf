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

  buckets = module.storage.buckets

  databases = {
    raw       = { description = "Files as they were dropped.", location = "s3://${local.buckets["raw"].name}/incoming/" }
    processed = { description = "Conformed, checked and deduplicated rows.", location = "s3://${local.buckets["processed"].name}/" }
    curated   = { description = "Marts.", location = "s3://${local.buckets["curated"].name}/" }
    ops       = { description = "Quarantined rows, quality results and runs.", location = "s3://${local.buckets["quarantine"].name}/ops/" }
  }

  contracts_dir = "${path.module}/../../../contracts"
  contracts     = [for file in fileset(local.contracts_dir, "*.odcs.yaml") : yamldecode(file("${local.contracts_dir}/${file}"))]

  # Files are dropped for those datasets whose contract says which files may be.
  datasets = [
    for contract in local.contracts : contract.name
    if contains([for custom in try(contract.customProperties, []) : custom.property], "cartlake.file")
  ]
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

module "encryption" {
  source = "../encryption"

  name_prefix = local.name_prefix
}

module "storage" {
  source = "../storage"

  name_prefix   = local.name_prefix
  zones         = local.zones
  force_destroy = var.force_destroy
  kms_key_arn   = module.encryption.kms_key_arn
}

module "alerts" {
  source = "../alerts"

  name_prefix = local.name_prefix
  emails      = var.alert_emails
  kms_key_arn = module.encryption.kms_key_arn
}

module "platform" {
  source = "../platform"

  name_prefix         = local.name_prefix
  environment         = var.environment
  artifacts_dir       = var.artifacts_dir
  artifacts_bucket    = local.buckets["artifacts"].name
  architecture        = var.lambda_architecture
  logs                = { level = var.log_level, retention_days = var.retention.logs_days }
  deletion_protection = var.deletion_protection
  alarm_topic_arn     = module.alerts.topic_arn
  kms_key_arn         = module.encryption.kms_key_arn
}

module "catalog" {
  source = "../catalog"

  name_prefix            = local.name_prefix
  databases              = local.databases
  database_prefix        = var.database_prefix
  raw_bucket             = local.buckets["raw"]
  datasets               = local.datasets
  crawler_schedule       = var.crawler_schedule
  security_configuration = module.encryption.glue_security_configuration
  kms_key_arn            = module.encryption.kms_key_arn
}

module "ingest" {
  source = "../ingest"

  shared      = module.platform.shared
  buckets     = local.buckets
  coordinator = module.coordinator.coordinator
  validator   = var.ingest.validator
  queue       = var.ingest.queue
}

module "coordinator" {
  source = "../coordinator"

  shared               = module.platform.shared
  state_machine_arns   = module.workflows.state_machine_arns
  glue_jobs            = module.glue.jobs
  maintenance_schedule = var.maintenance_schedule
}

module "workflows" {
  source = "../workflows"

  shared          = module.platform.shared
  buckets         = local.buckets
  coordinator     = module.coordinator.coordinator
  database_prefix = var.database_prefix
  glue_jobs       = module.glue.jobs
  gather_seconds  = var.gather_seconds
  engine          = var.engine
}

module "glue" {
  source = "../glue"

  name_prefix            = local.name_prefix
  buckets                = local.buckets
  databases              = module.catalog.databases
  database_prefix        = var.database_prefix
  artifacts_dir          = var.artifacts_dir
  release                = var.glue.release
  sizes                  = var.glue.sizes
  coordinator            = module.coordinator.coordinator
  state_machine_arns     = values(module.workflows.state_machine_arns)
  security_configuration = module.encryption.glue_security_configuration
  kms_key_arn            = module.encryption.kms_key_arn
}

module "athena" {
  source = "../athena"

  shared           = module.platform.shared
  results_bucket   = local.buckets["athena-results"].name
  artifacts_bucket = local.buckets["artifacts"]
  databases        = module.catalog.databases
  queries_dir      = "${path.module}/../../../athena_queries"
  scan_limit_gb    = var.athena_scan_limit_gb
  force_destroy    = var.force_destroy
}

module "sharing" {
  source = "../sharing"

  name_prefix        = local.name_prefix
  exports_bucket_arn = local.buckets["exports"].arn
  readers            = var.export_readers
  kms_key_arn        = module.encryption.kms_key_arn
}
