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
