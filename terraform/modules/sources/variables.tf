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

variable "sources" {
  description = "Sources to read, by name: when, as cron(...) or rate(...) in UTC (null: on demand only), another address than the public one, and name and ARN of the secret with its credentials."
  type = map(object({
    schedule = optional(string)
    url      = optional(string)
    secret   = optional(object({ name = string, arn = string }))
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.sources) : contains(["fx_rates", "hubspot_companies", "hubspot_contacts"], name)])
    error_message = "There are the sources fx_rates, hubspot_companies and hubspot_contacts; sources/registry.py lists them."
  }

  validation {
    condition     = alltrue([for name, source in var.sources : source.secret != null if startswith(name, "hubspot_")])
    error_message = "Sources of HubSpot need a secret: name it, and store the access token in it."
  }

  validation {
    condition     = alltrue([for source in var.sources : can(regex("^https?://", source.url)) if source.url != null])
    error_message = "url begins with https:// or http://."
  }
}
