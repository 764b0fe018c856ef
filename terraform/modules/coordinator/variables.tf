variable "shared" {
  description = "What every function of the lake shares, with the policy statements of the platform's tables and bus, keyed by statement id, as module `platform` gives it."
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
    grants = map(object({
      actions   = list(string)
      resources = list(string)
    }))
  })
  nullable = false
}

variable "run_recorder_arn" {
  description = "ARN of the alias of the function that records the end of a run."
  type        = string
  nullable    = false
}

variable "state_machine_arns" {
  description = "ARNs of the state machines, keyed by what they do: ingest, refresh, maintenance and forecast."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for machine in ["forecast", "ingest", "maintenance", "refresh"] : contains(keys(var.state_machine_arns), machine)])
    error_message = "state_machine_arns must hold forecast, ingest, maintenance and refresh."
  }
}

variable "glue_jobs" {
  description = "Name of each job whose end is watched, and its ARN on Glue, keyed by its folder under glue_jobs/."
  type = map(object({
    name = string
    arn  = optional(string)
  }))
  nullable = false
}

variable "emr_application" {
  description = "Id and ARN of the application of EMR Serverless that runs the jobs; null runs them on Glue."
  type        = object({ id = string, arn = string })
  default     = null
}

variable "refresh_window_seconds" {
  description = "Least seconds between the starts of two refreshes; what changes meanwhile is rebuilt by the next. 0 is no window."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.refresh_window_seconds >= 0 && var.refresh_window_seconds <= 3600 && floor(var.refresh_window_seconds) == var.refresh_window_seconds
    error_message = "refresh_window_seconds must be a whole number from 0 to 3600."
  }
}

variable "maintenance_schedule" {
  description = "When tables are checked for maintenance, as cron(...) or rate(...) in UTC; null does it on demand only."
  type        = string
  default     = null

  validation {
    condition     = var.maintenance_schedule == null || can(regex("^(cron|rate)\\(.+\\)$", var.maintenance_schedule))
    error_message = "maintenance_schedule must be cron(...) or rate(...), such as cron(30 3 * * ? *)."
  }
}

variable "forecast_schedule" {
  description = "When demand is forecast, as cron(...) or rate(...) in UTC; null does it on demand only."
  type        = string
  default     = null

  validation {
    condition     = var.forecast_schedule == null || can(regex("^(cron|rate)\\(.+\\)$", var.forecast_schedule))
    error_message = "forecast_schedule must be cron(...) or rate(...), such as cron(30 4 ? * MON *)."
  }
}
