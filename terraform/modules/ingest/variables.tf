variable "shared" {
  description = "What every function of the lake shares, with the bus of its own events and the policy statements of the platform's tables and bus, keyed by statement id, as module `platform` gives it."
  type = object({
    name_prefix           = string
    environment           = string
    artifacts_dir         = string
    artifacts_bucket      = string
    architecture          = string
    layer_arns            = map(string)
    environment_variables = map(string)
    log_level             = string
    log_retention_days    = number
    kms_key_arn           = string
    failure_queue_arn     = string
    alarm_topic_arn       = string
    network               = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    event_bus             = string
    grants = map(object({
      actions   = list(string)
      resources = list(string)
    }))
  })
  nullable = false
}

variable "buckets" {
  description = "Name and ARN of each bucket, keyed by zone; raw and quarantine are used."
  type = map(object({
    name = string
    arn  = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for zone in ["raw", "quarantine"] : contains(keys(var.buckets), zone)])
    error_message = "buckets must name the zones raw and quarantine."
  }
}

variable "coordinator" {
  description = "Function that starts a run of a dataset once a file of it is validated: its folder under lambdas/, its name, and name and ARN of its alias."
  type = object({
    folder = string
    name   = string
    alias  = string
    arn    = string
  })
  nullable = false
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
  description = "Incoming queue: deliveries before a message goes to the DLQ, days a message is kept, how many validator timeouts a delivered message stays hidden, and seconds until a failed one is delivered again (doubled each time)."
  type = object({
    max_receive_count     = optional(number, 5)
    retention_days        = optional(number, 14)
    visibility_multiplier = optional(number, 6)
    retry_seconds         = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.queue.visibility_multiplier >= 1
    error_message = "visibility_multiplier must be 1 or more: a message must stay hidden for as long as the function may work on it."
  }

  validation {
    condition     = var.queue.retry_seconds >= 0 && var.queue.retry_seconds <= 900
    error_message = "retry_seconds must be 0 to 900."
  }
}
