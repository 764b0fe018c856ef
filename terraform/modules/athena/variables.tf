variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "results_bucket" {
  description = "Bucket of query results."
  type        = string
  nullable    = false
}

variable "database" {
  description = "Database a named query opens in; its text names the tables in full."
  type        = string
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

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
