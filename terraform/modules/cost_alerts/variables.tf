variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "monthly_budget_usd" {
  description = "US dollars a month: an alert at 80 % spent, and when the forecast is above it; null makes no budget."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.monthly_budget_usd, 1) > 0
    error_message = "monthly_budget_usd must be more than 0, or null for no budget."
  }
}

variable "anomaly_usd" {
  description = "US dollars above what is usual that raise an alert at once; null watches nothing."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.anomaly_usd, 1) > 0
    error_message = "anomaly_usd must be more than 0, or null to watch nothing."
  }
}

variable "tag" {
  description = "Tag that all resources of the lake carry. It must be switched on once as a cost allocation tag, in the account that pays."
  type        = object({ key = string, value = string })
  nullable    = false
}

variable "topic_arn" {
  description = "Topic of alerts."
  type        = string
  nullable    = false
}
