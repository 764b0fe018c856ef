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
    network               = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
  })
  nullable = false
}

variable "results_bucket" {
  description = "Bucket of query results."
  type        = string
  nullable    = false
}

variable "artifacts_bucket" {
  description = "Name and ARN of the bucket that the history of queries is written to."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "databases" {
  description = "Glue database names, keyed by the name the contracts use: named queries open in curated, the history of queries is a table of ops."
  type        = map(string)
  nullable    = false
}

variable "queries_dir" {
  description = "Folder of the named queries: each <name>.sql in it becomes one."
  type        = string
  nullable    = false
}

variable "scan_limit_gb" {
  description = "Bytes one query may scan before Athena stops it, in GB."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.scan_limit_gb >= 1
    error_message = "scan_limit_gb must be 1 or more."
  }
}

variable "force_destroy" {
  description = "Whether destroying the workgroup also deletes its history and saved queries."
  type        = bool
  default     = false
  nullable    = false
}
