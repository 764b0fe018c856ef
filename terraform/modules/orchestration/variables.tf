variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Name of the environment, told in alerts."
  type        = string
  nullable    = false
}

variable "buckets" {
  description = "Bucket names keyed by zone; artifacts is used."
  type        = map(string)
  nullable    = false
}

variable "bucket_arns" {
  description = "Bucket ARNs keyed by zone; all but athena-results are used."
  type        = map(string)
  nullable    = false
}

variable "database_prefix" {
  description = "Put before every Glue database name, so that two lakes can share one catalog."
  type        = string
  default     = ""
  nullable    = false
}

variable "glue_jobs" {
  description = "Glue jobs, keyed by their folder under glue_jobs/: dataset_etl loads files, table_refresh rebuilds tables, table_maintenance keeps them fast."
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

variable "workgroup" {
  description = "Athena workgroup whose queries are kept on record."
  type = object({
    name = string
    arn  = string
  })
  nullable = false
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

variable "maintenance_schedule" {
  description = "When tables are looked at for maintenance, as cron(...) or rate(...) in UTC; null does it on demand only."
  type        = string
  default     = null

  validation {
    condition     = var.maintenance_schedule == null || can(regex("^(cron|rate)\\(.+\\)$", var.maintenance_schedule))
    error_message = "maintenance_schedule must be cron(...) or rate(...), such as cron(30 3 * * ? *)."
  }
}

variable "artifacts_dir" {
  description = "Folder the build wrote; holds lambdas/."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor of the functions."
  type        = string
  nullable    = false
}

variable "layer_arns" {
  description = "Layer versions, keyed by layer: cartlake and arrow."
  type        = map(string)
  nullable    = false
}

variable "common_environment" {
  description = "Environment variables every function gets."
  type        = map(string)
  nullable    = false
}

variable "ledger" {
  description = "Table of files and runs, and the actions a function needs to use it."
  type = object({
    arn     = string
    actions = list(string)
  })
  nullable = false
}

variable "idempotency_table_arn" {
  description = "Table in which functions remember what they already did."
  type        = string
  nullable    = false
}

variable "event_bus" {
  description = "Bus of the lake's own events."
  type = object({
    name = string
    arn  = string
  })
  nullable = false
}

variable "events_dlq_arn" {
  description = "Queue of events that could not be delivered or handled."
  type        = string
  nullable    = false
}

variable "alert_emails" {
  description = "Addresses that receive alerts; each must confirm its subscription once."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alert_emails must be e-mail addresses."
  }
}

variable "log_level" {
  description = "Lowest level the functions log."
  type        = string
  default     = "INFO"
  nullable    = false
}

variable "log_retention_days" {
  description = "Days logs are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
