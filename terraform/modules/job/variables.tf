variable "shared" {
  description = "What all jobs share: start of every name, folder of the build, Glue release and security configuration, arguments without their dashes, buckets by zone, database names by the name the contracts use, state machines a job reports its end to, days logs are kept, the key, connections to a network, and the log group of EMR Serverless where that runs the job."
  type = object({
    name_prefix            = string
    artifacts_dir          = string
    glue_version           = string
    security_configuration = string
    arguments              = map(string)
    buckets                = map(object({ name = string, arn = string }))
    databases              = map(string)
    state_machine_arns     = list(string)
    log_retention_days     = number
    kms_key_arn            = string
    connections            = optional(list(string), [])
    emr_log_group          = optional(object({ name = string, arn = string }))
  })
  nullable = false
}

variable "job" {
  description = "The job: its folder under glue_jobs/, what it does, how many runs may work side by side, arguments of its own, and what it may touch: <zone>/<prefix> it reads or writes (an empty prefix is the whole zone), databases by the name the contracts use, functions it calls."
  type = object({
    folder              = string
    description         = string
    max_concurrent_runs = optional(number, 1)
    arguments           = optional(map(string), {})
    access = optional(object({
      read_paths      = optional(set(string), [])
      write_paths     = optional(set(string), [])
      read_databases  = optional(set(string), [])
      write_databases = optional(set(string), [])
      function_arns   = optional(list(string), [])
    }), {})
  })
  nullable = false

  validation {
    condition     = var.job.max_concurrent_runs >= 1
    error_message = "max_concurrent_runs must be 1 or more."
  }

  validation {
    condition     = alltrue([for path in setunion(var.job.access.read_paths, var.job.access.write_paths) : can(regex("^[a-z-]+/([^/]+/)*$", path))])
    error_message = "Paths must be <zone>/ or <zone>/<prefix>/, ending in a slash."
  }
}

variable "size" {
  description = "On Glue: workers of the job, their type, and the minutes after which Glue stops it."
  type = object({
    worker_type       = optional(string, "G.1X")
    number_of_workers = optional(number, 2)
    timeout_minutes   = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.size.number_of_workers >= 2
    error_message = "number_of_workers must be 2 or more: one is the driver."
  }

  validation {
    condition     = var.size.timeout_minutes >= 1
    error_message = "timeout_minutes must be 1 or more."
  }
}
