variable "enabled" {
  description = "Whether a plan that destroys or replaces one of `protected` is refused."
  type        = bool
  nullable    = false
}

variable "protected" {
  description = "ARN of each thing that must not be destroyed, keyed by what it is, such as `bucket raw`. An ARN must come from its resource, so that the guard depends on it."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.protected) > 0
    error_message = "protected must name at least one thing: without one, a protected lake could be destroyed. Set enabled = false to protect nothing."
  }
}
