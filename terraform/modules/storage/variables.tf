variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,33}$", var.name_prefix))
    error_message = "name_prefix must be 3-34 lower-case letters, digits or hyphens, starting with a letter: bucket names add the account and the zone and may have 63 characters."
  }
}

variable "zones" {
  description = "Buckets to create, keyed by zone. A null expiration_days keeps objects for ever; expiring_prefixes maps prefixes to days; noncurrent_expiration_days needs a versioned zone."
  type = map(object({
    versioned                  = optional(bool, false)
    event_notifications        = optional(bool, false)
    expiration_days            = optional(number)
    noncurrent_expiration_days = optional(number)
    expiring_prefixes          = optional(map(number), {})
  }))
  nullable = false

  validation {
    condition     = length(var.zones) > 0
    error_message = "A lake needs at least one zone."
  }

  validation {
    condition     = alltrue([for zone in var.zones : coalesce(zone.expiration_days, 1) >= 1 && coalesce(zone.noncurrent_expiration_days, 1) >= 1])
    error_message = "expiration_days and noncurrent_expiration_days must be 1 or more."
  }

  validation {
    condition     = alltrue(flatten([for zone in var.zones : [for prefix, days in zone.expiring_prefixes : endswith(prefix, "/") && days >= 1]]))
    error_message = "Each key of expiring_prefixes must end in a slash, and its days must be 1 or more."
  }

  validation {
    condition     = alltrue([for zone in var.zones : zone.versioned || zone.noncurrent_expiration_days == null])
    error_message = "noncurrent_expiration_days has no effect on a zone that is not versioned."
  }
}

variable "force_destroy" {
  description = "Whether destroying the lake also deletes the objects in its buckets."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
