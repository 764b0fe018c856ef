variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Name of the environment, given to the functions."
  type        = string
  nullable    = false
}

variable "artifacts_dir" {
  description = "Folder the build wrote; holds lambdas/ and layers/."
  type        = string
  nullable    = false
}

variable "artifacts_bucket" {
  description = "Bucket that code is deployed from."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor of the functions and their layers."
  type        = string
  nullable    = false
}

variable "logs" {
  description = "Lowest level the functions log, and days logs are kept."
  type = object({
    level          = optional(string, "INFO")
    retention_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.logs.level)
    error_message = "level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "deletion_protection" {
  description = "Whether the ledger refuses to be deleted."
  type        = bool
  default     = false
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Topic of alarms."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
