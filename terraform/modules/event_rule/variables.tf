variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "rule" {
  description = "What follows the prefix in the rule's name, such as glue-job-ended."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+$", var.rule))
    error_message = "rule must be lower-case letters, digits or hyphens, starting with a letter."
  }
}

variable "description" {
  description = "What the rule does, shown in the console."
  type        = string
  nullable    = false
}

variable "event_bus" {
  description = "Bus the event arrives on; AWS services send to `default`."
  type        = string
  default     = "default"
  nullable    = false
}

variable "event" {
  description = "Events that match: their source and detail-type, and the values each named field of the detail may have (any, when there are none)."
  type = object({
    source      = string
    detail_type = string
    detail      = optional(map(list(string)), {})
  })
  nullable = false

  validation {
    condition     = alltrue([for values in var.event.detail : length(values) > 0])
    error_message = "Each field of detail needs at least one value: an empty list matches nothing."
  }
}

variable "function" {
  description = "Function that receives the events: its folder under lambdas/, its name, and name and ARN of the alias to call."
  type = object({
    folder = string
    name   = string
    alias  = string
    arn    = string
  })
  nullable = false
}

variable "failure_queue_arn" {
  description = "Queue that receives events which could not be delivered."
  type        = string
  nullable    = false
}
