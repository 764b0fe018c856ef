variable "job" {
  description = "The job: its name, the ARN of the role it runs with, the URIs of its script and of the library, and its arguments without their dashes."
  type = object({
    name        = string
    role_arn    = string
    script_uri  = string
    library_uri = string
    arguments   = map(string)
  })
  nullable = false

  validation {
    condition     = startswith(var.job.script_uri, "s3://") && startswith(var.job.library_uri, "s3://")
    error_message = "script_uri and library_uri must begin with s3://."
  }
}

variable "application" {
  description = "Application that runs the job, as module `emr_serverless` gives it."
  type        = object({ id = string, arn = string, log_group = object({ name = string, arn = string }), packages_uri = string })
  nullable    = false
}

variable "artifacts_bucket" {
  description = "Bucket the template is put in, where the function job_starter finds it by the name of the job."
  type        = string
  nullable    = false
}

variable "spark_settings" {
  description = "Settings of Spark that do not depend on what runs it, each as name=value."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "size" {
  description = "Size: vCPUs and GB of each worker, the most executors beside the driver, and the minutes after which the job run is cancelled."
  type = object({
    worker_vcpus     = optional(number, 4)
    worker_memory_gb = optional(number, 16)
    executors        = optional(number, 3)
    timeout_minutes  = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = try(var.size.worker_memory_gb <= { 1 = 8, 2 = 16, 4 = 30, 8 = 60, 16 = 120 }[tostring(var.size.worker_vcpus)] && var.size.worker_memory_gb >= 2 * var.size.worker_vcpus, false)
    error_message = "A worker has 1, 2, 4, 8 or 16 vCPUs, and from 2 GB a vCPU up to 8, 16, 30, 60 or 120 GB."
  }

  validation {
    condition     = var.size.executors >= 1 && var.size.timeout_minutes >= 5
    error_message = "executors must be 1 or more, timeout_minutes 5 or more."
  }
}
