variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "databases" {
  description = "Glue databases, keyed by the name the contracts use. location is the s3:// folder of tables that name none."
  type = map(object({
    description = string
    location    = string
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.databases), "raw")
    error_message = "databases must hold raw: the crawler writes to it."
  }

  validation {
    condition     = alltrue([for database in var.databases : can(regex("^s3://[^/]+/(.+/)?$", database.location))])
    error_message = "Each location must be an s3:// folder that ends in a slash."
  }
}

variable "database_prefix" {
  description = "Put before every database name, so that two lakes can share one catalog."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9_]*$", var.database_prefix))
    error_message = "database_prefix may hold lower-case letters, digits and underscores."
  }
}

variable "raw_bucket" {
  description = "Name and ARN of the bucket of the raw zone."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "datasets" {
  description = "Datasets that files are dropped for, each with the format of its files (csv, jsonl or parquet): the folders below incoming/ that the crawler reads, and which files of them."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.datasets) > 0
    error_message = "datasets must name at least one folder: a crawler without a target cannot be made."
  }

  validation {
    condition     = alltrue([for dataset, _ in var.datasets : can(regex("^[a-z][a-z0-9_]*$", dataset))])
    error_message = "A dataset is named in lower-case letters, digits and underscores."
  }

  validation {
    condition     = alltrue([for format in values(var.datasets) : contains(["csv", "jsonl", "parquet"], format)])
    error_message = "The format of a dataset's files is csv, jsonl or parquet."
  }
}

variable "crawler_schedule" {
  description = "When the crawler looks for new raw files, as cron(...) in UTC; null runs it on demand only."
  type        = string
  default     = null

  validation {
    condition     = var.crawler_schedule == null || can(regex("^cron\\(.+\\)$", var.crawler_schedule))
    error_message = "crawler_schedule must be cron(...) or null."
  }
}

variable "security_configuration" {
  description = "Glue security configuration that encrypts the crawler's log."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
