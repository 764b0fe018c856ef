variable "project" {
  description = "Start of every name, the same as in module `lake`."
  type        = string
  nullable    = false
}

variable "repository" {
  description = "GitHub repository whose jobs may use the roles, as owner/name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be owner/name, without a wildcard: any other repository could deploy."
  }
}

variable "environments" {
  description = "Environments, each with a role that plans and one that deploys; GitHub environments must have the same names."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.environments) > 0 && alltrue([for environment in var.environments : can(regex("^[a-z][a-z0-9-]{1,15}$", environment))])
    error_message = "environments must name at least one, each 2-16 lower-case letters, digits or hyphens, as in module lake."
  }
}

variable "state" {
  description = "ARNs of the bucket of states and of its key."
  type        = object({ bucket_arn = string, kms_key_arn = string })
  nullable    = false
}

variable "create_provider" {
  description = "Whether to make GitHub's identity provider; false where the account has it already, because it can have one only."
  type        = bool
  default     = true
  nullable    = false
}
