variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
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

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
