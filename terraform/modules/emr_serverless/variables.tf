variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "application" {
  description = "Release, which decides the versions of Spark and Iceberg; the most vCPUs and GB of memory that all workers have together, of which a new account may use 16 vCPUs; and after how many minutes without a job run the application stops."
  type = object({
    release_label     = optional(string, "emr-7.12.0")
    maximum_vcpus     = optional(number, 16)
    maximum_memory_gb = optional(number, 64)
    idle_minutes      = optional(number, 15)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^emr-7\\.[0-9]+\\.[0-9]+$", var.application.release_label))
    error_message = "release_label must be of emr-7, such as emr-7.12.0: the jobs need Spark 3.5 and Python 3.11."
  }

  validation {
    condition     = var.application.maximum_vcpus >= 8 && var.application.maximum_memory_gb >= 32
    error_message = "maximum_vcpus must be 8 or more and maximum_memory_gb 32 or more: a job has a driver and an executor of 4 vCPUs and 16 GB."
  }

  validation {
    condition     = var.application.idle_minutes >= 1 && var.application.idle_minutes <= 10080
    error_message = "idle_minutes must be 1 to 10080."
  }
}

variable "artifacts_bucket" {
  description = "Bucket the packages are put in."
  type        = string
  nullable    = false
}

variable "artifacts_dir" {
  description = "Folder the build wrote for AWS; holds emr/packages.zip."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists("${var.artifacts_dir}/emr/packages.zip")
    error_message = "There is no emr/packages.zip in artifacts_dir: build the artifacts with --platform aws."
  }
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
  description = "Subnets and security groups that workers run in; null leaves them to EMR Serverless's own network."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}
