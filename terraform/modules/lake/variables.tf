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
  description = "Glue release and packages of the jobs, and the size of each job, keyed by its folder under glue_jobs/; what is not named gets the defaults of module `glue`."
  type = object({
    release = optional(object({
      version        = optional(string)
      python_modules = optional(list(string))
    }), {})
    sizes = optional(map(object({
      worker_type       = optional(string)
      number_of_workers = optional(number)
      timeout_minutes   = optional(number)
    })), {})
  })
  default  = {}
  nullable = false
}

variable "engine" {
  description = "Which batches the light engine loads, and the size of its functions; what is not named gets the defaults of module `light_engine`."
  type        = object({ light_max_mb = optional(number), light_max_rows = optional(number), light_table_max_mb = optional(number), light_memory_mb = optional(number), light_timeout_seconds = optional(number), light_tmp_mb = optional(number), spark_runner = optional(string) })
  default     = {}
  nullable    = false
}

variable "gather_seconds" {
  description = "Seconds a refresh waits for runs that are loading files, so that one job rebuilds for all of them."
  type        = number
  default     = 60
  nullable    = false
}

variable "maintenance_schedule" {
  description = "When tables are checked for maintenance, as cron(...) or rate(...) in UTC; null does it on demand only."
  type        = string
  default     = "cron(30 3 * * ? *)"
}

variable "ingest" {
  description = "Size of file_validator and settings of the incoming queue; what is not named gets the defaults of module `ingest`, whose README explains each."
  type = object({
    validator = optional(object({
      memory_mb            = optional(number)
      timeout_seconds      = optional(number)
      maximum_concurrency  = optional(number)
      reserved_concurrency = optional(number)
    }), {})
    queue = optional(object({
      max_receive_count     = optional(number)
      retention_days        = optional(number)
      maximum_wait_minutes  = optional(number)
      visibility_multiplier = optional(number)
      retry_seconds         = optional(number)
    }), {})
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

variable "retention" {
  description = "Days things are kept: logs, Athena results, exports, and raw files that were overwritten or deleted."
  type = object({
    logs_days                   = optional(number, 30)
    athena_results_days         = optional(number, 14)
    exports_days                = optional(number, 30)
    noncurrent_raw_objects_days = optional(number, 90)
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

variable "log_level" {
  description = "Lowest level the functions log."
  type        = string
  default     = "INFO"
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the ledger refuses to be deleted."
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
