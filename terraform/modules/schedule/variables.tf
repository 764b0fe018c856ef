variable "shared" {
  description = "Start of every name, the key, and the queue of calls that were not answered."
  type = object({
    name_prefix       = string
    kms_key_arn       = string
    failure_queue_arn = string
  })
  nullable = false
}

variable "role" {
  description = "What follows the prefix in the role's name, such as scheduler."
  type        = string
  nullable    = false
}

variable "function" {
  description = "Function that is called: its folder under lambdas/ and ARN."
  type        = object({ folder = string, arn = string })
  nullable    = false
}

variable "schedules" {
  description = "Schedules, keyed by what follows the prefix in their name: when, as cron(...) or rate(...) in UTC, what for, and the event the function gets, as JSON. None makes no role either."
  type = map(object({
    expression  = string
    description = string
    input       = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for schedule in var.schedules : can(regex("^(cron|rate)\\(.+\\)$", schedule.expression))])
    error_message = "expression must be cron(...) or rate(...), such as rate(1 hour)."
  }

  validation {
    condition     = alltrue([for schedule in var.schedules : can(jsondecode(schedule.input))])
    error_message = "input must be JSON: write jsonencode({ ... })."
  }
}
