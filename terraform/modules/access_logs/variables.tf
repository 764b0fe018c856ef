variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "buckets" {
  description = "Name and ARN of each bucket whose requests are logged, keyed by zone."
  type        = map(object({ name = string, arn = string }))
  nullable    = false
}

variable "retention_days" {
  description = "Days access logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.retention_days >= 1
    error_message = "retention_days must be 1 or more."
  }
}

variable "force_destroy" {
  description = "Whether destroying the lake also deletes its access logs."
  type        = bool
  default     = false
  nullable    = false
}
