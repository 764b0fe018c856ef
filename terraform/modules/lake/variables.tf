variable "project" {
  description = "First half of every name."
  type        = string
  default     = "cartlake"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,15}$", var.project))
    error_message = "project must be 3-16 lower-case letters or digits, starting with a letter."
  }
}

variable "environment" {
  description = "Second half of every name: local, dev, staging, prod or any other short name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.environment))
    error_message = "environment must be 2-16 lower-case letters, digits or hyphens, starting with a letter."
  }
}

variable "artifacts_dir" {
  description = "Folder the build wrote: lambdas/, layers/ and glue/."
  type        = string
  nullable    = false

  validation {
    condition     = length(fileset(var.artifacts_dir, "lambdas/*.zip")) > 0
    error_message = "There is no lambdas/*.zip in artifacts_dir: build the artifacts first."
  }
}

variable "lambda_architecture" {
  description = "Processor the functions run on; must be the one the artifacts were built for."
  type        = string
  default     = "arm64"
  nullable    = false
}

variable "database_prefix" {
  description = "Put before every Glue database name, so that two lakes can share one catalog."
  type        = string
  default     = ""
  nullable    = false
}

variable "glue" {
  description = "Glue release of the jobs, and the size of each job, keyed by its folder under glue_jobs/; what is not named gets the defaults of module `glue`."
  type = object({
    release = optional(object({ version = optional(string) }), {})
    sizes   = optional(map(object({ worker_type = optional(string), number_of_workers = optional(number), timeout_minutes = optional(number) })), {})
  })
  default  = {}
  nullable = false
}

variable "emr_serverless" {
  description = "Where engine.spark_runner is emr_serverless: the application, whose members module `emr_serverless` explains, and the size of each job, keyed by its folder under glue_jobs/; what is not named gets the defaults of modules `emr_serverless` and `emr_job`."
  type = object({
    application = optional(object({ release_label = optional(string), maximum_vcpus = optional(number), maximum_memory_gb = optional(number), idle_minutes = optional(number) }), {})
    sizes       = optional(map(object({ worker_vcpus = optional(number), worker_memory_gb = optional(number), executors = optional(number), timeout_minutes = optional(number) })), {})
  })
  default  = {}
  nullable = false
}

variable "engine" {
  description = "Which batches the light engine loads, the size of its functions, and spark_runner, which runs all others: glue (the default) or emr_serverless; what is not named gets the defaults of module `light_engine`."
  type        = object({ light_max_mb = optional(number), light_max_rows = optional(number), light_table_max_mb = optional(number), light_memory_mb = optional(number), light_timeout_seconds = optional(number), light_tmp_mb = optional(number), spark_runner = optional(string) })
  default     = {}
  nullable    = false
}

variable "refresh" {
  description = "Least seconds between the starts of two refreshes, so that a trickle of files does not pay for one each: the first after a pause starts at once, 0 is no window. And the seconds a refresh waits for runs that are loading files, so that one job rebuilds for all of them."
  type        = object({ window_seconds = optional(number, 120), gather_seconds = optional(number, 60) })
  default     = {}
  nullable    = false
}

variable "maintenance_schedule" {
  description = "When tables are checked for maintenance, as cron(...) or rate(...) in UTC; null does it on demand only."
  type        = string
  default     = "cron(30 3 * * ? *)"
}

variable "forecast_schedule" {
  description = "When demand is forecast, as cron(...) or rate(...) in UTC; null does it on demand only."
  type        = string
  default     = "cron(30 4 ? * MON *)"
}

variable "ingest" {
  description = "Size of file_validator and settings of the incoming queue; what is not named gets the defaults of module `ingest`, whose README explains each."
  type = object({
    validator = optional(object({ memory_mb = optional(number), timeout_seconds = optional(number), maximum_concurrency = optional(number), reserved_concurrency = optional(number) }), {})
    queue     = optional(object({ max_receive_count = optional(number), retention_days = optional(number), maximum_wait_minutes = optional(number), visibility_multiplier = optional(number), retry_seconds = optional(number) }), {})
  })
  default  = {}
  nullable = false
}

variable "sweep" {
  description = "When the sweep looks for lost events, and how many seconds an event may be under way; what is not named gets the defaults of module `sweep`."
  type = object({
    schedules     = optional(object({ enabled = optional(bool), recent = optional(string), full = optional(string) }), {})
    grace_seconds = optional(number)
  })
  default  = {}
  nullable = false
}

variable "crawler_schedule" {
  description = "When the crawler looks for new raw files, as cron(...) in UTC; null runs it on demand only."
  type        = string
  default     = null
}

variable "athena_scan_limit_gb" {
  description = "Bytes one query may scan before Athena stops it, in GB."
  type        = number
  default     = 100
  nullable    = false
}

variable "secrets" {
  description = "Secrets to make in Secrets Manager, by name; a person stores each value, Terraform never has it. `lineage` is the key of the server of lineage_url."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "sources" {
  description = "Systems that the lake reads by itself, by name: fx_rates, hubspot_companies, hubspot_contacts, redshift_behavior, snowflake_orders. When each is read, as cron(...) or rate(...) in UTC (null: by `lake sync` only), another address than the public one, and the name of the secret with its credentials, which is made with those of `secrets`. The others are of warehouses: variable `sources` of module `sources`."
  type = map(object({
    schedule        = optional(string)
    url             = optional(string)
    secret          = optional(string)
    table           = optional(string)
    warehouse       = optional(string)
    role            = optional(string)
    overlap_minutes = optional(number)
  }))
  default  = {}
  nullable = false
}

variable "streams" {
  description = "Topics of Kafka that the lake reads, by name; a contract names the topic as `cartlake.stream`: variable `streams` of module `streams`, with the name of the secret, which is made with those of `secrets`. Brokers of Amazon MSK are in a VPC, so `network` must reach them."
  type = map(object({
    dataset        = string
    brokers        = list(string)
    authentication = optional(string, "iam")
    secret         = optional(string)
    cluster_arn    = optional(string)
    schedule       = optional(string)
    follow_seconds = optional(number, 0)
  }))
  default  = {}
  nullable = false
}

variable "sftp" {
  description = "SFTP servers that vendors put files on, by name: variable `servers` of module `sftp`, with the name of the secret, which is made with those of `secrets`. Names are other ones than those of `sources`."
  type = map(object({
    host           = string
    port           = optional(number, 22)
    user           = string
    folder         = optional(string, ".")
    pattern        = optional(string, "*")
    dataset        = string
    secret         = string
    host_keys      = optional(list(string), [])
    schedule       = optional(string)
    settle_seconds = optional(number, 60)
    max_mb         = optional(number, 2048)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.sftp), ["fx_rates", "hubspot_companies", "hubspot_contacts", "redshift_behavior", "snowflake_orders"])) == 0
    error_message = "A server has another name than the sources fx_rates, hubspot_companies, hubspot_contacts, redshift_behavior and snowflake_orders: `lake sync NAME` reads both."
  }
}

variable "lineage_url" {
  description = "Where to send OpenLineage events too, e.g. a Marquez at http://marquez.internal:5000; null keeps them in S3 only."
  type        = string
  default     = null
}

variable "retention" {
  description = "Days things are kept: logs, access logs, Athena results, exports, raw files that were overwritten or deleted, files of tables after they were deleted (0 keeps no versions of them), copies of rejected files, documents and lineage of runs, the history of queries; and days in which nobody may delete a raw file without a special permission (null: no lock). How long dropped files are kept is said by each dataset's contract."
  type = object({
    logs_days                   = optional(number, 30)
    access_logs_days            = optional(number, 90)
    athena_results_days         = optional(number, 14)
    exports_days                = optional(number, 30)
    noncurrent_raw_objects_days = optional(number, 90)
    table_versions_days         = optional(number, 7)
    raw_lock_days               = optional(number)
    rejected_files_days         = optional(number, 90)
    run_documents_days          = optional(number, 400)
    query_history_days          = optional(number, 400)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, days in var.retention : days == null || try(days >= (name == "table_versions_days" ? 0 : 1), false)])
    error_message = "Each member of retention must be 1 day or more; table_versions_days may be 0."
  }

  validation {
    condition     = var.retention.table_versions_days > 0 || !var.deletion_protection
    error_message = "A protected lake needs table_versions_days of 1 or more: without versions a deleted file of a table is lost."
  }
}

variable "access" {
  description = "Roles of people (data_engineer, analyst, auditor) and of systems that drop files, with who may assume them, and the gigabytes a query without personal data may scan; variables of module `access_roles`. A role that nobody may assume is not made."
  type = object({
    people = optional(map(object({
      principal_arns     = optional(set(string), [])
      permission_sets    = optional(set(string), [])
      saml_provider_arns = optional(set(string), [])
    })), {})
    producers = optional(map(object({
      datasets       = set(string)
      folder         = optional(string, "")
      principal_arns = set(string)
    })), {})
    scan_limit_gb = optional(number)
  })
  default  = {}
  nullable = false
}

variable "export_readers" {
  description = "Who may read exports from other accounts, keyed by a short name: their account, the external id they must present, and the prefix they may see (all of them when empty)."
  type = map(object({
    account_id  = string
    external_id = string
    prefix      = optional(string, "")
  }))
  default  = {}
  nullable = false
}

variable "alert_emails" {
  description = "Addresses that receive alerts; each must confirm its subscription once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "monitoring" {
  description = "How much is watched: level `small` (thirteen alarms for the lake as a whole) or `full` (also by dataset, function and state machine, with a dashboard and one alarm that pages), where the runbooks are, the thresholds, and who else is told: a channel of Slack, PagerDuty; what is not named gets the defaults of module `monitoring`."
  type        = object({ level = optional(string, "small"), runbooks_url = optional(string), thresholds = optional(object({ quarantine_percent = optional(number), query_gb_a_day = optional(number) }), {}), slack = optional(object({ team_id = string, channel_id = string })), pagerduty_url = optional(string) })
  default     = {}
  nullable    = false
}

variable "cost_alerts" {
  description = "US dollars a month that a budget allows, and US dollars above what is usual that raise an alert; null, the default of both, makes none."
  type = object({
    monthly_budget_usd = optional(number)
    anomaly_usd        = optional(number)
  })
  default  = {}
  nullable = false
}

variable "log_level" {
  description = "Lowest level the functions log."
  type        = string
  default     = "INFO"
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether a plan that destroys key, ledger, Glue databases or buckets of data is refused, and AWS refuses to delete the ledger. To lift it: docs/terraform.md, \"Removing an environment\"."
  type        = bool
  default     = true
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroying the lake also deletes the data in it."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.force_destroy && var.deletion_protection)
    error_message = "force_destroy contradicts deletion_protection: choose one."
  }
}

variable "planner_memory_mb" {
  description = "Memory of the functions that plan runs, in MB; null takes the default of module `workflows`. Tables of many files need more."
  type        = number
  default     = null
}

variable "network" {
  description = "Subnets and security groups that functions and Glue jobs run in, as module `network` gives them; null leaves them outside of any VPC."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.network == null || try(length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0, false)
    error_message = "network needs at least one subnet and one security group; module `network` makes them."
  }
}

variable "dashboard" {
  description = "In which time zone the dashboard shows times, by its IANA name, and from which addresses it may be read at CloudFront, as IPv4 ranges in CIDR notation: without any it is not hosted, and `lake dashboard` shows it. With explore, refreshes write marts as Parquet files for the page Explore, which answers SQL in the browser; where it is hosted, `lake build --explore` adds its engine to the artifacts."
  type        = object({ time_zone = optional(string), allowed_cidrs = optional(set(string), []), explore = optional(bool, false) })
  default     = {}
  nullable    = false
}

variable "api" {
  description = "The HTTP API: who has which role (groups of the token's issuer, IAM principals of this account), who issues tokens, pages beside the dashboard whose scripts may call it, limits, and how old a result may be that is given again; variables of module `api`. Without roles there is no API."
  type = object({
    roles         = optional(map(object({ groups = optional(set(string), []), principal_arns = optional(set(string), []) })), {})
    jwt           = optional(object({ issuer = string, audiences = set(string), groups_claim = optional(string) }))
    origins       = optional(set(string), [])
    limits        = optional(object({ requests_per_second = optional(number), queries_per_second = optional(number), caller_requests_per_minute = optional(number), caller_queries_per_minute = optional(number) }), {})
    reuse_minutes = optional(number)
  })
  default  = {}
  nullable = false
}
