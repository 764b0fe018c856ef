variable "name" {
  description = "Name of the role, which is that of its workgroup, of its prefix of results and the start of its policies: <project>-<environment>-analyst."
  type        = string
  nullable    = false
}

variable "tables" {
  description = "Tables that the role reads, by their names in the contracts."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for table in var.tables : can(regex("^[a-z0-9_]+\\.[a-z0-9_]+$", table))])
    error_message = "Tables are named <database>.<table>, as in the contracts; a pattern would give more than it names."
  }
}

variable "results_bucket" {
  description = "Name of the bucket of query results."
  type        = string
  nullable    = false
}

variable "with_queries" {
  description = "Whether the workgroup has the named queries whose tables the role reads."
  type        = bool
  default     = true
  nullable    = false
}

variable "databases" {
  description = "Databases, keyed by the name the contracts use: their name in Glue, and the s3:// folder of their tables."
  type        = map(object({ name = string, location = string }))
  nullable    = false
}

variable "queries_dir" {
  description = "Folder of the named queries (*.sql) and, below views/, of the views."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}

variable "scan_limit_gb" {
  description = "Gigabytes that a query of analysts or auditors may scan before Athena cancels it."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.scan_limit_gb >= 0.01
    error_message = "scan_limit_gb must be 0.01 or more: Athena's smallest limit is 10 MB."
  }
}

variable "force_destroy" {
  description = "Whether destroying also deletes the workgroups with their history."
  type        = bool
  default     = false
  nullable    = false
}
