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
  description = "Whether DynamoDB refuses to delete the ledger."
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

variable "network" {
  description = "Subnets and security groups that functions run in; null leaves them outside of any VPC."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.network == null || try(length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0, false)
    error_message = "network needs at least one subnet and one security group; module `network` makes them."
  }
}

variable "metrics_by_dataset" {
  description = "Whether functions send all their metrics, each with its dataset; else those that an alarm watches."
  type        = bool
  default     = false
  nullable    = false
}
