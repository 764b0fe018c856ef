variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Name of the environment, told to the functions."
  type        = string
  nullable    = false
}

variable "buckets" {
  description = "Bucket names keyed by zone; raw, quarantine and artifacts are used."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for zone in ["raw", "quarantine", "artifacts"] : contains(keys(var.buckets), zone)])
    error_message = "buckets must name the zones raw, quarantine and artifacts."
  }
}

variable "bucket_arns" {
  description = "Bucket ARNs keyed by zone; raw and quarantine are used."
  type        = map(string)
  nullable    = false
}

variable "artifacts_dir" {
  description = "Folder the build wrote; holds lambdas/ and layers/."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor of the functions and their layers."
  type        = string
  nullable    = false
}

variable "validator" {
  description = "Size of file_validator: memory in MB, time per batch in seconds, batches validated at once, and concurrency set aside (-1: none)."
  type = object({
    memory_mb            = optional(number, 512)
    timeout_seconds      = optional(number, 900)
    maximum_concurrency  = optional(number, 20)
    reserved_concurrency = optional(number, -1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.validator.maximum_concurrency >= 2 && var.validator.maximum_concurrency <= 1000
    error_message = "maximum_concurrency must be 2 to 1000."
  }

  validation {
    condition     = var.validator.reserved_concurrency == -1 || var.validator.reserved_concurrency >= var.validator.maximum_concurrency
    error_message = "reserved_concurrency below maximum_concurrency would throttle the queue's own deliveries and send good messages to the DLQ."
  }
}

variable "queue" {
  description = "Incoming queue: deliveries before a message goes to the DLQ, days a message is kept, minutes it may wait before the alarm, how many validator timeouts a delivered message stays hidden, and seconds until a failed one is delivered again (doubled each time)."
  type = object({
    max_receive_count     = optional(number, 3)
    retention_days        = optional(number, 14)
    maximum_wait_minutes  = optional(number, 30)
    visibility_multiplier = optional(number, 6)
    retry_seconds         = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.queue.max_receive_count >= 1 && var.queue.max_receive_count <= 1000
    error_message = "max_receive_count must be 1 to 1000."
  }

  validation {
    condition     = var.queue.retention_days >= 1 && var.queue.retention_days <= 14
    error_message = "retention_days must be 1 to 14."
  }

  validation {
    condition     = var.queue.visibility_multiplier >= 1
    error_message = "visibility_multiplier must be 1 or more: a message must stay hidden for as long as the function may work on it."
  }

  validation {
    condition     = var.queue.retry_seconds >= 0 && var.queue.retry_seconds <= 900
    error_message = "retry_seconds must be 0 to 900."
  }
}

variable "deletion_protection" {
  description = "Whether the ledger refuses to be deleted."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_level" {
  description = "Lowest level the functions log."
  type        = string
  default     = "INFO"
  nullable    = false
}

variable "log_retention_days" {
  description = "Days the functions' logs are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Topic that hears of alarms."
  type        = string
  nullable    = false
}
