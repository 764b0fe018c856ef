variable "shared" {
  description = "What every function of the lake shares, as module `platform` gives it."
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
  })
  nullable = false
}

variable "roles" {
  description = "Roles of people that requests are answered with, keyed by data_engineer, analyst and auditor: ARN and workgroup of each, and who has it: groups of the token's issuer, IAM principals of this account."
  type = map(object({
    arn            = string
    workgroup      = string
    groups         = optional(set(string), [])
    principal_arns = optional(set(string), [])
  }))
  nullable = false

  validation {
    condition     = length(var.roles) > 0 && length(setsubtract(keys(var.roles), ["data_engineer", "analyst", "auditor"])) == 0
    error_message = "The roles are data_engineer, analyst and auditor, and the API needs at least one of them."
  }

  validation {
    condition     = alltrue([for role in var.roles : length(role.groups) + length(role.principal_arns) > 0])
    error_message = "Say who has the role: groups of the issuer, or principal_arns. Leave the role out to give it to nobody."
  }

  validation {
    condition     = alltrue(flatten([for role in var.roles : [for group in role.groups : can(regex("^[^\\s\\[\\]]+$", group))]]))
    error_message = "Names of groups have no spaces and no brackets: API Gateway writes a list of them as [one two]."
  }
}

variable "jwt" {
  description = "Who issues tokens: the issuer's URL (of a Cognito user pool or any OpenID Connect provider), the audiences that tokens must be for, and the claim with the caller's groups, which users must not be able to change. Null: machines alone."
  type = object({
    issuer       = string
    audiences    = set(string)
    groups_claim = optional(string, "cognito:groups")
  })
  default = null

  validation {
    condition     = var.jwt == null || try(can(regex("^https?://[^\\s/]+", var.jwt.issuer)) && length(var.jwt.audiences) > 0, false)
    error_message = "jwt needs the URL of the issuer and at least one audience: without one, tokens for any client of the issuer would do."
  }

  validation {
    condition     = var.jwt != null || alltrue([for role in var.roles : length(role.groups) == 0])
    error_message = "groups are those of a token's issuer, and jwt names none."
  }
}

variable "origins" {
  description = "Origins of the web pages whose scripts may call the API, e.g. that of the dashboard; none by default."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "Each of origins is scheme and host, as in https://d111111abcdef8.cloudfront.net; * would let every page in."
  }
}

variable "limits" {
  description = "Requests a second that each API answers, and queries a second that may be started, twice as many in a burst; requests and started queries a minute of each caller."
  type = object({
    requests_per_second        = optional(number, 50)
    queries_per_second         = optional(number, 5)
    caller_requests_per_minute = optional(number, 600)
    caller_queries_per_minute  = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.limits.queries_per_second >= 1 && var.limits.requests_per_second >= var.limits.queries_per_second
    error_message = "limits are 1 or more, and requests_per_second no less than queries_per_second."
  }

  validation {
    condition     = var.limits.caller_queries_per_minute >= 1 && var.limits.caller_requests_per_minute >= var.limits.caller_queries_per_minute
    error_message = "limits are 1 or more, and caller_requests_per_minute no less than caller_queries_per_minute: starting a query is a request."
  }
}

variable "reuse_minutes" {
  description = "Greatest age of a result that answers the same query again, as long as no table that it reads has changed; 0 never."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.reuse_minutes >= 0 && var.reuse_minutes <= 10080
    error_message = "reuse_minutes must be 0 to 10080, a week: Athena's limit."
  }
}

variable "results_bucket" {
  description = "Name of the bucket of query results."
  type        = string
  nullable    = false
}

variable "database_prefix" {
  description = "Put before every Glue database name."
  type        = string
  default     = ""
  nullable    = false
}
