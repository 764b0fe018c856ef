variable "shared" {
  description = "What every function of the lake shares, with the policy statements of the platform's tables and bus, keyed by statement id, as module `platform` gives it."
  type = object({
    name_prefix           = string
    environment           = string
    artifacts_dir         = string
    artifacts_bucket      = string
    architecture          = string
    layer_arns            = map(string)
    environment_variables = map(string)
    log_level             = string
    log_retention_days    = number
    kms_key_arn           = string
    failure_queue_arn     = string
    alarm_topic_arn       = string
    network               = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    grants                = map(object({ actions = list(string), resources = list(string) }))
  })
  nullable = false
}

variable "buckets" {
  description = "Name and ARN of each bucket, keyed by zone; raw, processed, curated, quarantine, artifacts and dashboard are used."
  type        = map(object({ name = string, arn = string }))
  nullable    = false
}

variable "coordinator" {
  description = "Function that locks and releases datasets and starts runs: its folder under lambdas/, its name, and name and ARN of its alias."
  type        = object({ folder = string, name = string, alias = string, arn = string })
  nullable    = false
}

variable "database_prefix" {
  description = "Put before every Glue database name, so that two lakes can share one catalog."
  type        = string
  default     = ""
  nullable    = false
}

variable "glue_jobs" {
  description = "Spark jobs, keyed by their folder under glue_jobs/: dataset_etl loads files, table_refresh rebuilds tables, table_maintenance maintains them, demand_forecast forecasts demand."
  type        = map(object({ name = string, arn = optional(string), timeout_minutes = number }))
  nullable    = false

  validation {
    condition     = alltrue([for job in ["dataset_etl", "demand_forecast", "table_maintenance", "table_refresh"] : contains(keys(var.glue_jobs), job)])
    error_message = "glue_jobs must hold dataset_etl, demand_forecast, table_maintenance and table_refresh."
  }
}

variable "gather_seconds" {
  description = "Seconds a refresh waits for runs that are loading files, so that one job rebuilds for all of them."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.gather_seconds >= 0 && var.gather_seconds <= 3600
    error_message = "gather_seconds must be 0 to 3600."
  }
}

variable "engine" {
  description = "Which batches the light engine loads, and the size of its functions; what is not named gets the defaults of module `light_engine`."
  type        = object({ light_max_mb = optional(number), light_max_rows = optional(number), light_table_max_mb = optional(number), light_memory_mb = optional(number), light_timeout_seconds = optional(number), light_tmp_mb = optional(number), spark_runner = optional(string) })
  default     = {}
  nullable    = false
}

variable "planner_memory_mb" {
  description = "Memory of the functions that plan runs, in MB: they read tables' metadata, one manifest at a time, and one of 20,000 files with 20 columns took 127 MB."
  type        = number
  default     = 512
  nullable    = false
}

variable "lineage" {
  description = "Where to send OpenLineage events too, e.g. url = http://marquez.internal:5000; they are posted to `/api/v1/lineage` there, with the key that is in the secret, if there is one. Without url they are kept in S3 only. In a VPC without a way out, it must be reachable from there."
  type        = object({ url = optional(string, ""), secret = optional(object({ name = string, arn = string })) })
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^(https?://[^[:space:]]+)?$", var.lineage.url))
    error_message = "lineage.url must begin with http:// or https://, or be empty."
  }
}

variable "dashboard" {
  description = "In which time zone the dashboard shows times, and whether it has the page Explore; what is not named gets the defaults of module `light_engine`."
  type        = object({ time_zone = optional(string), explore = optional(bool) })
  default     = {}
  nullable    = false
}

variable "start_grants" {
  description = "What a function may do that starts the jobs, keyed by statement id, as module `glue` gives it."
  type        = map(object({ actions = list(string), resources = list(string) }))
  nullable    = false
}
