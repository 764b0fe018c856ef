variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "deletion_window_days" {
  description = "Days during which a deleted key can still be restored."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days must be 7 to 30."
  }
}
