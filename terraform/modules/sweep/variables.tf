variable "shared" {
  description = "What every function of the lake shares, with the bus of its own events and the policy statements of the platform's tables and bus, keyed by statement id, as module `platform` gives it."
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
    event_bus             = string
    grants = map(object({
      actions   = list(string)
      resources = list(string)
    }))
  })
  nullable = false
}

variable "raw_bucket" {
  description = "Name and ARN of the bucket that files are dropped into."
  type = object({
    name = string
    arn  = string
  })
  nullable = false
}

variable "incoming_queue" {
  description = "Queue that files without a record are announced to: URL and ARN."
  type = object({
    url = string
    arn = string
  })
  nullable = false
}

variable "coordinator" {
  description = "Function that starts a run of a dataset whose files wait: its folder under lambdas/, its name, and name and ARN of its alias."
  type = object({
    folder = string
    name   = string
    alias  = string
    arn    = string
  })
  nullable = false
}

variable "run_recorder_arn" {
  description = "ARN of the alias of the function that records the end of a run."
  type        = string
  nullable    = false
}

variable "state_machine_arns" {
  description = "ARNs of the state machines whose runs the sweep looks after, keyed by what they do: ingest, refresh, maintenance and forecast."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for machine in ["forecast", "ingest", "maintenance", "refresh"] : contains(keys(var.state_machine_arns), machine)])
    error_message = "state_machine_arns must hold ingest, maintenance and refresh."
  }
}

variable "schedules" {
  description = "When files of the last two days and runs (`recent`), and when all files (`full`), are compared with the ledger, as cron(...) or rate(...) in UTC; without `enabled` on demand only."
  type = object({
    enabled = optional(bool, true)
    recent  = optional(string, "rate(1 hour)")
    full    = optional(string, "cron(10 2 * * ? *)")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for schedule in [var.schedules.recent, var.schedules.full] : can(regex("^(cron|rate)\\(.+\\)$", schedule))])
    error_message = "recent and full must be cron(...) or rate(...), such as rate(1 hour)."
  }
}

variable "grace_seconds" {
  description = "Seconds that an event may be under way before its file or run counts as lost."
  type        = number
  default     = 1200
  nullable    = false

  validation {
    condition     = var.grace_seconds >= 900
    error_message = "grace_seconds must be 900 or more: a function of a run may work for 15 minutes after its execution has ended."
  }
}
