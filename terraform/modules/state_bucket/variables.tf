variable "project" {
  description = "Start of every name; the lakes' own, because their roles may use names that begin with it only."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,15}$", var.project))
    error_message = "project must be 3-16 lower-case letters or digits, starting with a letter, as in module lake."
  }
}

variable "old_states_days" {
  description = "Days earlier states are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.old_states_days >= 30
    error_message = "old_states_days must be 30 or more: an earlier state is what repairs a broken one."
  }
}

variable "deletion_protection" {
  description = "Whether a plan that destroys the bucket or its key is refused."
  type        = bool
  default     = true
  nullable    = false
}
