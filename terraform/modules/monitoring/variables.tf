variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "level" {
  description = "How much is watched. `small`: thirteen alarms for the lake as a whole, under $3 a month with their metrics. `full`: also one for each dataset, function and state machine, metrics by dataset, a dashboard, and one alarm that pages."
  type        = string
  default     = "small"
  nullable    = false

  validation {
    condition     = contains(["small", "full"], var.level)
    error_message = "level must be small or full."
  }
}

variable "topic_arns" {
  description = "Topics of module `alerts`: alerts, to which all alarms go, and with level full pages."
  type        = map(string)
  nullable    = false

  validation {
    condition     = contains(keys(var.topic_arns), "alerts") && (var.level == "small" || contains(keys(var.topic_arns), "pages"))
    error_message = "topic_arns must hold alerts, and with level full pages."
  }
}

variable "namespace" {
  description = "Namespace of the functions' own metrics, as module `platform` gives it: one for each lake, so that two lakes of an account do not raise each other's alarms."
  type        = string
  nullable    = false
}

variable "queues" {
  description = "Names of the queue of dropped files and, keyed by what alarms call them, of the queues of what failed."
  type        = object({ incoming = string, dead_letters = map(string) })
  nullable    = false
}

variable "functions" {
  description = "Functions of the lake: folder under lambdas/ to name in AWS."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "state_machine_arns" {
  description = "ARNs of the state machines, keyed by what they do."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "datasets" {
  description = "Datasets that files are dropped for, and those whose contract has a freshness SLA."
  type        = object({ dropped = optional(list(string), []), promised = optional(list(string), []) })
  default     = {}
  nullable    = false
}

variable "watched_by_sweep" {
  description = "Whether a sweep looks every hour which datasets are overdue; without one there is no alarm about it."
  type        = bool
  default     = true
  nullable    = false
}

variable "runbooks_url" {
  description = "Where the runbooks are, put before the name in each alarm's description: a path in this repository, or the address of your documentation."
  type        = string
  default     = "docs/alarms"
  nullable    = false

  validation {
    condition     = !endswith(var.runbooks_url, "/")
    error_message = "runbooks_url must not end with a slash."
  }
}

variable "thresholds" {
  description = "Percent of refused rows of a run, GB that queries scan in a day, and minutes that a dropped file waits, above which an alarm is raised."
  type = object({
    quarantine_percent   = optional(number, 10)
    query_gb_a_day       = optional(number, 100)
    maximum_wait_minutes = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for value in values(var.thresholds) : value > 0])
    error_message = "Each threshold must be more than 0."
  }
}

variable "reads_streams" {
  description = "Whether the lake reads topics of Kafka: without any there is no alarm about them."
  type        = bool
  default     = false
  nullable    = false
}
