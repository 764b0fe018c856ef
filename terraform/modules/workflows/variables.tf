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
    grants = map(object({
      actions   = list(string)
      resources = list(string)
    }))
  })
  nullable = false
}

variable "buckets" {
  description = "Name and ARN of each bucket, keyed by zone; raw, processed, curated, quarantine and artifacts are used."
  type        = map(object({ name = string, arn = string }))
  nullable    = false
}

variable "coordinator" {
  description = "Function that locks and releases datasets and starts runs: its folder under lambdas/, name and ARN."
  type        = object({ folder = string, name = string, arn = string })
  nullable    = false
}

variable "database_prefix" {
  description = "Put before every Glue database name, so that two lakes can share one catalog."
  type        = string
  default     = ""
  nullable    = false
}

variable "glue_jobs" {
  description = "Glue jobs, keyed by their folder under glue_jobs/: dataset_etl loads files, table_refresh rebuilds tables, table_maintenance maintains them."
  type = map(object({
    name            = string
    arn             = string
    timeout_minutes = number
  }))
  nullable = false

  validation {
    condition     = alltrue([for job in ["dataset_etl", "table_maintenance", "table_refresh"] : contains(keys(var.glue_jobs), job)])
    error_message = "glue_jobs must hold dataset_etl, table_maintenance and table_refresh."
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
