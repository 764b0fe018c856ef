locals {
  name_prefix = "${var.project}-${var.environment}"

  # What maintenance or a mistake deletes from a table can be restored for this long.
  table_files = { versioned = var.retention.table_versions_days > 0, noncurrent_expiration_days = var.retention.table_versions_days > 0 ? var.retention.table_versions_days : null }

  zones = {
    raw = {
      versioned                  = true
      event_notifications        = true
      noncurrent_expiration_days = var.retention.noncurrent_raw_objects_days
      object_lock_days           = var.retention.raw_lock_days
      infrequent_access          = { prefix = "incoming/", after_days = 30 }
      expiring_prefixes          = { for dataset, days in module.datasets.retention_days : "incoming/${dataset}/" => days }
    }
    processed  = local.table_files
    curated    = local.table_files
    quarantine = merge(local.table_files, { expiring_prefixes = { "rejected/" = var.retention.rejected_files_days } })
    artifacts = {
      expiring_prefixes = {
        "staging/"       = 7 # copies that a backfill reads, needed for one run
        "runs/"          = var.retention.run_documents_days
        "lineage/"       = var.retention.run_documents_days
        "query_history/" = var.retention.query_history_days
      }
    }
    athena-results = { expiration_days = var.retention.athena_results_days }
    exports        = { expiration_days = var.retention.exports_days }
    dashboard      = {} # a refresh writes its files anew
  }

  buckets         = module.storage.buckets
  emr_application = one([for emr in module.emr_serverless : { id = emr.application.id, arn = emr.application.arn }])
  function_names  = merge(concat([module.ingest.function_names, module.sweep.function_names, module.coordinator.function_names, module.workflows.function_names, module.athena.function_names, module.alerts.function_names], module.sources[*].function_names, module.streams[*].function_names, module.sftp[*].function_names, module.api[*].function_names)...)

  # Who may assume a role, by whatever way: the API's function assumes those that its callers have.
  people       = { for role in setunion(keys(var.access.people), keys(var.api.roles)) : role => merge(try(var.access.people[role], {}), { function_role_arns = contains(keys(var.api.roles), role) ? [local.api_role_arn] : [] }) }
  api_role_arn = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${local.name_prefix}-api-handler" # by name, because it is made after them

  databases = {
    raw       = { description = "Files as they were dropped.", location = "s3://${local.buckets["raw"].name}/incoming/" }
    processed = { description = "Conformed, checked and deduplicated rows.", location = "s3://${local.buckets["processed"].name}/" }
    curated   = { description = "Marts.", location = "s3://${local.buckets["curated"].name}/" }
    masked    = { description = "Tables with personal data left out or masked.", location = "s3://${local.buckets["curated"].name}/masked/" }
    ops       = { description = "Quarantined rows, quality results and runs.", location = "s3://${local.buckets["quarantine"].name}/ops/" }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

module "datasets" {
  source = "../datasets"

  contracts_dir = "${path.module}/../../../contracts"
}

module "encryption" {
  source = "../encryption"

  name_prefix = local.name_prefix
}

module "storage" {
  source = "../storage"

  name_prefix       = local.name_prefix
  zones             = local.zones
  force_destroy     = var.force_destroy
  kms_key_arn       = module.encryption.kms_key_arn
  distribution_arns = { for dashboard in module.dashboard : "dashboard" => dashboard.distribution_arn }
}

module "dashboard" {
  source = "../dashboard"
  count  = length(var.dashboard.allowed_cidrs) > 0 ? 1 : 0

  name_prefix   = local.name_prefix
  bucket        = local.buckets["dashboard"]
  page_dir      = "${path.module}/../../../dashboard"
  allowed_cidrs = var.dashboard.allowed_cidrs
  engine_dir    = var.dashboard.explore ? "${var.artifacts_dir}/engine" : null
}

module "access_logs" {
  source = "../access_logs"

  name_prefix    = local.name_prefix
  buckets        = local.buckets
  retention_days = var.retention.access_logs_days
  force_destroy  = var.force_destroy
}

module "alerts" {
  source        = "../alerts"
  name_prefix   = local.name_prefix
  shared        = module.platform.shared
  pages         = var.monitoring.level == "full"
  emails        = var.alert_emails
  slack         = var.monitoring.slack
  pagerduty_url = var.monitoring.pagerduty_url
  kms_key_arn   = module.encryption.kms_key_arn
}

module "monitoring" {
  source = "../monitoring"

  name_prefix        = local.name_prefix
  level              = var.monitoring.level
  topic_arns         = module.alerts.topic_arns
  runbooks_url       = var.monitoring.runbooks_url
  thresholds         = merge(var.monitoring.thresholds, { maximum_wait_minutes = var.ingest.queue.maximum_wait_minutes })
  namespace          = module.platform.metrics_namespace
  queues             = { incoming = module.ingest.queue_names.incoming, dead_letters = merge({ incoming = module.ingest.queue_names.incoming_dlq, events = module.platform.events_dlq_name }, module.alerts.undelivered_queues) }
  functions          = local.function_names
  state_machine_arns = module.workflows.state_machine_arns
  datasets           = { dropped = module.datasets.names, promised = module.datasets.promised }
  watched_by_sweep   = coalesce(var.sweep.schedules.enabled, true)
  reads_streams      = length(var.streams) > 0
}

module "cost_alerts" {
  source = "../cost_alerts"

  name_prefix        = local.name_prefix
  monthly_budget_usd = var.cost_alerts.monthly_budget_usd
  anomaly_usd        = var.cost_alerts.anomaly_usd
  tag                = { key = "Environment", value = var.environment } # of the root's default_tags
  topic_arn          = module.alerts.topic_arns["alerts"]
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
  alarm_topic_arn     = module.alerts.topic_arns["alerts"]
  metrics_by_dataset  = var.monitoring.level == "full"
  kms_key_arn         = module.encryption.kms_key_arn
  network             = var.network
}

module "protection" {
  source = "../protection"

  enabled = var.deletion_protection
  protected = merge(
    { key = module.encryption.kms_key_arn, ledger = module.platform.ledger_arn },
    { for zone in ["raw", "processed", "curated", "quarantine"] : "bucket ${zone}" => local.buckets[zone].arn },
    { for database, arn in module.catalog.database_arns : "database ${database}" => arn },
  )
}

module "catalog" {
  source = "../catalog"

  name_prefix            = local.name_prefix
  databases              = local.databases
  database_prefix        = var.database_prefix
  raw_bucket             = local.buckets["raw"]
  datasets               = { for dataset, formats in module.datasets.formats : dataset => formats[0] }
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

module "sweep" {
  source = "../sweep"

  shared             = module.platform.shared
  raw_bucket         = local.buckets["raw"]
  incoming_queue     = module.ingest.incoming_queue
  coordinator        = module.coordinator.coordinator
  run_recorder_arn   = module.workflows.run_recorder_arn
  state_machine_arns = module.workflows.state_machine_arns
  schedules          = var.sweep.schedules
  grace_seconds      = var.sweep.grace_seconds
}

module "coordinator" {
  source = "../coordinator"

  shared                 = module.platform.shared
  run_recorder_arn       = module.workflows.run_recorder_arn
  state_machine_arns     = module.workflows.state_machine_arns
  glue_jobs              = module.glue.jobs
  emr_application        = local.emr_application
  refresh_window_seconds = var.refresh.window_seconds
  maintenance_schedule   = var.maintenance_schedule
  forecast_schedule      = var.forecast_schedule
}

module "workflows" {
  source = "../workflows"

  shared          = module.platform.shared
  buckets         = local.buckets
  coordinator     = module.coordinator.coordinator
  database_prefix = var.database_prefix
  glue_jobs       = module.glue.jobs
  gather_seconds  = var.refresh.gather_seconds
  engine          = var.engine
  start_grants    = module.glue.start_grants

  planner_memory_mb = var.planner_memory_mb
  lineage           = { url = var.lineage_url == null ? "" : var.lineage_url, secret = lookup(module.secrets.secrets, "lineage", null) }
  dashboard         = { time_zone = var.dashboard.time_zone, explore = var.dashboard.explore }
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
  log_retention_days     = var.retention.logs_days
  security_configuration = module.encryption.glue_security_configuration
  kms_key_arn            = module.encryption.kms_key_arn
  network                = var.network
  emr_serverless         = one(module.emr_serverless[*].application)
  emr_sizes              = var.emr_serverless.sizes
}

module "emr_serverless" {
  source = "../emr_serverless"
  count  = var.engine.spark_runner == "emr_serverless" ? 1 : 0

  name_prefix        = local.name_prefix
  application        = var.emr_serverless.application
  artifacts_bucket   = local.buckets["artifacts"].name
  artifacts_dir      = var.artifacts_dir
  log_retention_days = var.retention.logs_days
  kms_key_arn        = module.encryption.kms_key_arn
  network            = var.network
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

module "access_roles" {
  source = "../access_roles"

  name_prefix        = local.name_prefix
  people             = local.people
  buckets            = local.buckets
  access_logs_bucket = module.access_logs.bucket
  databases          = { for name, database in local.databases : name => { name = module.catalog.databases[name], location = database.location } }
  protected_columns  = module.datasets.protected_columns
  queries_dir        = "${path.module}/../../../athena_queries"
  ledger_arn         = module.platform.ledger_arn
  workgroup          = module.athena.workgroup
  scan_limit_gb      = coalesce(var.access.scan_limit_gb, var.athena_scan_limit_gb)
  function_arns      = ["${module.coordinator.coordinator.arn}:${module.coordinator.coordinator.alias}"]
  kms_key_arn        = module.encryption.kms_key_arn
  force_destroy      = var.force_destroy
}

module "api" {
  source = "../api"
  count  = length(var.api.roles) > 0 ? 1 : 0

  shared          = module.platform.shared
  roles           = { for role, has in var.api.roles : role => merge(has, { arn = module.access_roles.role_arns[role], workgroup = module.access_roles.workgroups[role] }) }
  jwt             = var.api.jwt
  origins         = distinct(concat([for dashboard in module.dashboard : trimsuffix(dashboard.url, "/")], tolist(var.api.origins)))
  limits          = var.api.limits
  reuse_minutes   = var.api.reuse_minutes
  results_bucket  = local.buckets["athena-results"].name
  database_prefix = var.database_prefix
}

module "secrets" {
  source = "../secrets"

  name_prefix = local.name_prefix
  names       = setunion(var.secrets, compact([for source in var.sources : source.secret]), compact([for stream in var.streams : stream.secret]), [for server in var.sftp : server.secret])
  kms_key_arn = module.encryption.kms_key_arn
}

module "sources" {
  source = "../sources"
  count  = length(var.sources) > 0 ? 1 : 0

  shared     = module.platform.shared
  raw_bucket = local.buckets["raw"]
  sources    = { for name, source in var.sources : name => merge(source, { secret = source.secret == null ? null : module.secrets.secrets[source.secret] }) }
}

module "streams" {
  source = "../streams"
  count  = length(var.streams) > 0 ? 1 : 0

  shared     = module.platform.shared
  raw_bucket = local.buckets["raw"]
  streams = { for topic, stream in var.streams : topic => merge(stream, {
    secret = stream.secret == null ? null : module.secrets.secrets[stream.secret]
  }) }
}

module "sftp" {
  source = "../sftp"
  count  = length(var.sftp) > 0 ? 1 : 0

  shared     = module.platform.shared
  raw_bucket = local.buckets["raw"]
  servers    = { for name, server in var.sftp : name => merge(server, { secret = module.secrets.secrets[server.secret] }) }
}

module "producers" {
  source = "../producers"

  name_prefix    = local.name_prefix
  producers      = var.access.producers
  raw_bucket_arn = local.buckets["raw"].arn
  datasets       = module.datasets.names
  kms_key_arn    = module.encryption.kms_key_arn
}

module "sharing" {
  source = "../sharing"

  name_prefix        = local.name_prefix
  exports_bucket_arn = local.buckets["exports"].arn
  readers            = var.export_readers
  kms_key_arn        = module.encryption.kms_key_arn
}
