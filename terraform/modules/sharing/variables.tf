variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "exports_bucket_arn" {
  description = "Bucket that exports are written to."
  type        = string
  nullable    = false
}

variable "readers" {
  description = "Who may read exports, keyed by a short name: their account, the external id they must present, and the prefix they may see (all of them when empty)."
  type = map(object({
    account_id  = string
    external_id = string
    prefix      = optional(string, "")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.readers) : can(regex("^[a-z][a-z0-9-]{1,15}$", name))])
    error_message = "Each reader's name must be 2-16 lower-case letters, digits or hyphens, starting with a letter: it ends the name of a role."
  }

  validation {
    condition     = alltrue([for reader in var.readers : can(regex("^[0-9]{12}$", reader.account_id))])
    error_message = "account_id must be the 12 digits of an AWS account."
  }

  validation {
    condition     = alltrue([for reader in var.readers : length(reader.external_id) >= 8])
    error_message = "external_id must have 8 or more characters, so that nobody guesses it; the reader's service gives it to you."
  }

  validation {
    condition     = alltrue([for reader in var.readers : reader.prefix == "" || (endswith(reader.prefix, "/") && !startswith(reader.prefix, "/") && !can(regex("[*?]", reader.prefix)))])
    error_message = "prefix must end in a slash, must not begin with one, and is no pattern: curated.sales_daily/"
  }
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
