variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

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

variable "pages" {
  description = "Whether there is a second topic, for the one alarm that pages."
  type        = bool
  default     = false
  nullable    = false
}

variable "emails" {
  description = "Addresses that receive alerts; each must confirm its subscription once."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "emails must be e-mail addresses."
  }
}

variable "slack" {
  description = "Workspace and channel of Slack that show the alarms, by their ids; null shows them nowhere. The workspace is connected once by hand: Amazon Q Developer in chat applications, in the console."
  type        = object({ team_id = string, channel_id = string })
  default     = null

  validation {
    condition     = var.slack == null || try(can(regex("^T[A-Z0-9]{5,}$", var.slack.team_id)) && can(regex("^[CG][A-Z0-9]{5,}$", var.slack.channel_id)), false)
    error_message = "slack needs the ids of workspace and channel, such as T0123ABCD and C0123ABCD, not their names."
  }
}

variable "pagerduty_url" {
  description = "Integration URL of a PagerDuty service for Amazon CloudWatch, which gets the one alarm that pages; null pages nobody."
  type        = string
  default     = null

  validation {
    condition     = var.pagerduty_url == null || can(regex("^https://", coalesce(var.pagerduty_url, "https://")))
    error_message = "pagerduty_url must begin with https://."
  }

  validation {
    condition     = var.pagerduty_url == null || var.pages
    error_message = "pagerduty_url needs level full: only then is there one alarm that pages."
  }
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
