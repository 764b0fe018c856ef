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
  description = "Sources to read, by name: when, as cron(...) or rate(...) in UTC (null: on demand only), another address than the public one, and name and ARN of the secret with its credentials. For a warehouse also the table, how many minutes after its modification time a row may become visible, and for Snowflake the virtual warehouse and the role, where the user has no defaults."
  type = map(object({
    schedule        = optional(string)
    url             = optional(string)
    secret          = optional(object({ name = string, arn = string }))
    table           = optional(string)
    warehouse       = optional(string)
    role            = optional(string)
    overlap_minutes = optional(number)
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.sources) : contains(["fx_rates", "hubspot_companies", "hubspot_contacts", "redshift_behavior", "snowflake_orders"], name)])
    error_message = "There are the sources fx_rates, hubspot_companies, hubspot_contacts, redshift_behavior and snowflake_orders; sources/registry.py lists them."
  }

  validation {
    condition     = alltrue([for name, source in var.sources : source.secret != null if startswith(name, "hubspot_")])
    error_message = "Sources of HubSpot need a secret: name it, and store the access token in it."
  }

  validation {
    condition     = alltrue([for name, source in var.sources : can(regex(name == "redshift_behavior" ? "^redshift://" : "^https?://", source.url)) if source.url != null])
    error_message = "url begins with https:// or http://, that of redshift_behavior with redshift://."
  }

  validation {
    condition     = alltrue([for name, source in var.sources : source.url != null && source.secret != null && source.table != null if name == "redshift_behavior" || name == "snowflake_orders"])
    error_message = "Sources of warehouses need url, secret and table: docs/sources.md."
  }

  validation {
    condition     = alltrue([for source in var.sources : can(regex("^[A-Za-z_][A-Za-z0-9_$]*(\\.[A-Za-z_][A-Za-z0-9_$]*){0,2}$", source.table)) if source.table != null])
    error_message = "table is a name of at most three parts, such as SHOP.PUBLIC.ORDERS, without quotes."
  }

  validation {
    condition     = alltrue([for source in var.sources : source.overlap_minutes >= 0 && floor(source.overlap_minutes) == source.overlap_minutes if source.overlap_minutes != null])
    error_message = "overlap_minutes is a whole number, 0 or more."
  }
}
