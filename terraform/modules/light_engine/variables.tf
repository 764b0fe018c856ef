variable "shared" {
  description = "What every function of the lake shares, as module `platform` gives it."
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
    grants                = map(object({ actions = list(string), resources = list(string) }))
    network               = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
  })
  nullable = false
}

variable "buckets" {
  description = "Name and ARN of each bucket, keyed by zone; those of zones with tables, artifacts and dashboard are used."
  type = map(object({
    name = string
    arn  = string
  }))
  nullable = false
}

variable "database_prefix" {
  description = "Put before every Glue database name, so that two lakes can share one catalog."
  type        = string
  default     = ""
  nullable    = false
}

variable "engine" {
  description = "The largest batch the light engine loads: MB once decompressed, rows, and MB of the table that a merge must look at (0: Spark loads all); memory in MB, timeout and /tmp in MB of its functions; and what runs Spark, glue or emr_serverless."
  type = object({
    light_max_mb          = optional(number, 256)
    light_max_rows        = optional(number, 5000000)
    light_table_max_mb    = optional(number, 1024)
    light_memory_mb       = optional(number, 3008)
    light_timeout_seconds = optional(number, 900)
    light_tmp_mb          = optional(number, 4096)
    spark_runner          = optional(string, "glue")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for limit in [var.engine.light_max_mb, var.engine.light_max_rows, var.engine.light_table_max_mb] : limit >= 0])
    error_message = "Limits must be 0 (Spark loads every batch) or more."
  }

  validation {
    condition     = var.engine.light_memory_mb >= 1024 && var.engine.light_memory_mb <= 10240 && var.engine.light_tmp_mb >= 512 && var.engine.light_tmp_mb <= 10240
    error_message = "light_memory_mb must be 1024 to 10240 (DuckDB, Python and libraries take half of 1024 before the first row), light_tmp_mb 512 to 10240."
  }

  validation {
    condition     = var.engine.light_timeout_seconds >= 60 && var.engine.light_timeout_seconds <= 900
    error_message = "light_timeout_seconds must be 60 to 900."
  }

  validation {
    condition     = contains(["emr_serverless", "glue"], var.engine.spark_runner)
    error_message = "spark_runner must be glue or emr_serverless."
  }
}

variable "dashboard" {
  description = "In which time zone the dashboard shows times, by its IANA name, and whether marts are written as Parquet files for the page Explore."
  type        = object({ time_zone = optional(string, "UTC"), explore = optional(bool, false) })
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+/-]+$", var.dashboard.time_zone))
    error_message = "dashboard.time_zone must be an IANA name such as Europe/Berlin."
  }
}
