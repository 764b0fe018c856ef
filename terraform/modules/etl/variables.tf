variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "buckets" {
  description = "Bucket names keyed by zone; processed and artifacts are used."
  type        = map(string)
  nullable    = false
}

variable "bucket_arns" {
  description = "Bucket ARNs keyed by zone."
  type        = map(string)
  nullable    = false
}

variable "databases" {
  description = "Glue database names, keyed by the name the contracts use."
  type        = map(string)
  nullable    = false
}

variable "artifacts_dir" {
  description = "Folder the build wrote; holds glue/jobs/<job>.py and glue/libs/cartlake.zip."
  type        = string
  nullable    = false
}

variable "glue_version" {
  description = "Glue release the jobs run on; decides the versions of Spark, Python and Iceberg."
  type        = string
  default     = "5.1"
  nullable    = false

  validation {
    condition     = can(regex("^[5-9]\\.[0-9]$", var.glue_version))
    error_message = "glue_version must be 5.0 or later, such as 5.1: the jobs need Iceberg branches."
  }
}

variable "python_modules" {
  description = "Packages Glue installs for the jobs, as name==version."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for module in var.python_modules : can(regex("^[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9_.]*$", module))])
    error_message = "Every entry must be name==version: a job must not change because a package was released."
  }
}

variable "jobs" {
  description = "Glue jobs, keyed by their folder under glue_jobs/. read_paths and write_paths are <zone>/<prefix> (an empty prefix is the whole zone), databases are names the contracts use, invoke_functions are folders under lambdas/ of functions the job calls."
  type = map(object({
    description         = string
    worker_type         = optional(string, "G.1X")
    number_of_workers   = optional(number, 2)
    timeout_minutes     = optional(number, 60)
    max_concurrent_runs = optional(number, 1)
    read_paths          = optional(set(string), [])
    write_paths         = optional(set(string), [])
    read_databases      = optional(set(string), [])
    write_databases     = optional(set(string), [])
    invoke_functions    = optional(set(string), [])
    arguments           = optional(map(string), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for job in var.jobs : job.number_of_workers >= 2])
    error_message = "number_of_workers must be 2 or more: one is the driver."
  }

  validation {
    condition     = alltrue([for job in var.jobs : job.timeout_minutes >= 1 && job.max_concurrent_runs >= 1])
    error_message = "timeout_minutes and max_concurrent_runs must be 1 or more."
  }

  validation {
    condition     = alltrue(flatten([for job in var.jobs : [for path in setunion(job.read_paths, job.write_paths) : can(regex("^[a-z-]+/([^/]+/)*$", path))]]))
    error_message = "Paths must be <zone>/ or <zone>/<prefix>/, ending in a slash."
  }
}

variable "state_machine_arns" {
  description = "State machines the jobs report their end to."
  type        = list(string)
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
