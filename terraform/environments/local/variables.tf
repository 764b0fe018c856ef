variable "artifacts_dir" {
  description = "Folder the build wrote; null takes build/ of this checkout."
  type        = string
  default     = null
}

variable "lambda_architecture" {
  description = "Processor of this machine, which the artifacts were built for."
  type        = string
  default     = "x86_64"
  nullable    = false
}

variable "maintenance_schedule" {
  description = "When tables are checked for maintenance; null, as a laptop sleeps at night, leaves it to `lake maintain`."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether the lake is protected as staging and prod are; on a laptop a test of that only."
  type        = bool
  default     = false
  nullable    = false
}

variable "api_jwt" {
  description = "Who issues tokens for the API, whose groups are analyst, auditor and data_engineer; null, as a laptop has no issuer, lets signed requests in alone."
  type        = object({ issuer = string, audiences = set(string), groups_claim = optional(string) })
  default     = null
}
