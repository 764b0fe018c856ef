variable "artifacts_dir" {
  description = "Folder the build wrote; null takes build/ of this checkout."
  type        = string
  default     = null
}

variable "alert_emails" {
  description = "Addresses that receive alerts; each must confirm its subscription once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "database_prefix" {
  description = "Put before every Glue database name, so that several environments can share one account's catalog."
  type        = string
  default     = ""
  nullable    = false
}

variable "cost_alerts" {
  description = "US dollars a month that a budget allows, and US dollars above what is usual that raise an alert; null makes none."
  type        = object({ monthly_budget_usd = optional(number), anomaly_usd = optional(number) })
  default     = {}
  nullable    = false
}

variable "monitoring" {
  description = "Level of the alarms (`small` or `full`), where your documentation has the runbooks, the channel of Slack and the URL of PagerDuty that are told; what is not named is as in main.tf."
  type        = object({ level = optional(string, "small"), runbooks_url = optional(string), slack = optional(object({ team_id = string, channel_id = string })), pagerduty_url = optional(string) })
  default     = {}
  nullable    = false
}

variable "access" {
  description = "Roles of people (data_engineer, analyst, auditor) and of systems that drop files, with who may assume them; variable of module `lake`."
  type = object({
    people = optional(map(object({
      principal_arns     = optional(set(string), [])
      permission_sets    = optional(set(string), [])
      saml_provider_arns = optional(set(string), [])
    })), {})
    producers = optional(map(object({
      datasets       = set(string)
      folder         = optional(string, "")
      principal_arns = set(string)
    })), {})
    scan_limit_gb = optional(number)
  })
  default  = {}
  nullable = false
}

variable "api" {
  description = "The HTTP API: who has which role (groups of the token's issuer, IAM principals of this account), who issues tokens, pages beside the dashboard whose scripts may call it, limits, and how old a result may be that is given again; variable of module `lake`. Without roles there is no API."
  type = object({
    roles   = optional(map(object({ groups = optional(set(string), []), principal_arns = optional(set(string), []) })), {})
    jwt     = optional(object({ issuer = string, audiences = set(string), groups_claim = optional(string) }))
    origins = optional(set(string), [])
    limits = optional(object({
      requests_per_second        = optional(number)
      queries_per_second         = optional(number)
      caller_requests_per_minute = optional(number)
      caller_queries_per_minute  = optional(number)
    }), {})
    reuse_minutes = optional(number)
  })
  default  = {}
  nullable = false
}
