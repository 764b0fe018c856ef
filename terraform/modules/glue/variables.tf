variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "buckets" {
  description = "Name and ARN of each bucket, keyed by zone; raw, processed, curated, quarantine and artifacts are used."
  type        = map(object({ name = string, arn = string }))
  nullable    = false
}

variable "databases" {
  description = "Glue database names, keyed by the name the contracts use."
  type        = map(string)
  nullable    = false
}

variable "database_prefix" {
  description = "Put before every database name; the jobs put it before the names in the contracts."
  type        = string
  default     = ""
  nullable    = false
}

variable "artifacts_dir" {
  description = "Folder the build wrote; holds glue/jobs/<job>.py, glue/libs/cartlake.zip and glue/libs/wheels.gluewheels.zip."
  type        = string
  nullable    = false
}

variable "release" {
  description = "Glue release the jobs run on, which decides the versions of Spark, Python and Iceberg."
  type        = object({ version = optional(string, "5.1") })
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[5-9]\\.[0-9]$", var.release.version))
    error_message = "version must be 5.0 or later, such as 5.1: the jobs need Iceberg branches."
  }
}

variable "sizes" {
  description = "Size of each job, keyed by its folder under glue_jobs/; a job that is not named gets the defaults."
  type        = map(object({ worker_type = optional(string, "G.1X"), number_of_workers = optional(number, 2), timeout_minutes = optional(number, 60) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for job in keys(var.sizes) : contains(["dataset_etl", "demand_forecast", "table_maintenance", "table_refresh"], job)])
    error_message = "Each key must be a folder under glue_jobs/ that the lake runs: dataset_etl, demand_forecast, table_maintenance or table_refresh."
  }
}

variable "coordinator" {
  description = "Function the maintenance job asks whether a table is free: its folder under lambdas/, its name, and name and ARN of its alias."
  type        = object({ folder = string, name = string, alias = string, arn = string })
  nullable    = false
}

variable "state_machine_arns" {
  description = "State machines the jobs report their end to."
  type        = list(string)
  nullable    = false
}

variable "security_configuration" {
  description = "Glue security configuration that encrypts what jobs write and log."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days the logs of jobs are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}

variable "network" {
  description = "Subnets and security groups that jobs run in; null leaves them to Glue's own network."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}

variable "emr_serverless" {
  description = "Application of EMR Serverless that runs the jobs, as module `emr_serverless` gives it; null runs them on Glue."
  type        = object({ id = string, arn = string, log_group = object({ name = string, arn = string }), packages_uri = string })
  default     = null
}

variable "emr_sizes" {
  description = "Size of each job on EMR Serverless, keyed by its folder under glue_jobs/; a job that is not named gets the defaults."
  type        = map(object({ worker_vcpus = optional(number), worker_memory_gb = optional(number), executors = optional(number), timeout_minutes = optional(number) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for job in keys(var.emr_sizes) : contains(["dataset_etl", "demand_forecast", "table_maintenance", "table_refresh"], job)])
    error_message = "Each key must be a folder under glue_jobs/ that the lake runs: dataset_etl, demand_forecast, table_maintenance or table_refresh."
  }
}
