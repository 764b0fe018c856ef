variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,19}$", var.name_prefix))
    error_message = "name_prefix must be 3-20 lower-case letters, digits or hyphens, starting with a letter: bucket names add account, region and zone, up to 43 characters, and may have 63. Shorten the project or the environment."
  }
}

variable "zones" {
  description = "Buckets to create, keyed by zone. A null expiration_days keeps objects for ever; expiring_prefixes maps prefixes to days; noncurrent_expiration_days and object_lock_days, during which no version can be deleted without a special permission, need a versioned zone; infrequent_access is a prefix whose objects of 128 KB or more move to the cheaper STANDARD_IA."
  type = map(object({
    versioned                  = optional(bool, false)
    event_notifications        = optional(bool, false)
    expiration_days            = optional(number)
    noncurrent_expiration_days = optional(number)
    expiring_prefixes          = optional(map(number), {})
    object_lock_days           = optional(number)
    infrequent_access          = optional(object({ prefix = string, after_days = number }))
  }))
  nullable = false

  validation {
    condition     = length(var.zones) > 0
    error_message = "A lake needs at least one zone."
  }

  validation {
    condition     = alltrue([for zone in var.zones : alltrue([for days in [zone.expiration_days, zone.noncurrent_expiration_days, zone.object_lock_days] : coalesce(days, 1) >= 1])])
    error_message = "expiration_days, noncurrent_expiration_days and object_lock_days must be 1 or more."
  }

  validation {
    condition     = alltrue(flatten([for zone in var.zones : [for prefix, days in zone.expiring_prefixes : endswith(prefix, "/") && days >= 1]]))
    error_message = "Each key of expiring_prefixes must end in a slash, and its days must be 1 or more."
  }

  validation {
    condition     = alltrue([for zone in var.zones : zone.versioned || (zone.noncurrent_expiration_days == null && zone.object_lock_days == null)])
    error_message = "noncurrent_expiration_days and object_lock_days have no effect on a zone that is not versioned: set versioned = true."
  }

  validation {
    condition     = alltrue([for zone in var.zones : try(zone.infrequent_access.after_days, 30) >= 30])
    error_message = "after_days of infrequent_access must be 30 or more: S3 refuses less."
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

variable "distribution_arns" {
  description = "CloudFront distributions that read a bucket, keyed by zone."
  type        = map(string)
  default     = {}
  nullable    = false
}
