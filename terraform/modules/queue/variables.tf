variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "queue" {
  description = "What follows the prefix in the queue's name, such as incoming-dlq."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+$", var.queue))
    error_message = "queue must be lower-case letters, digits or hyphens, starting with a letter."
  }
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days a message is kept."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 14
    error_message = "retention_days must be 1 to 14."
  }
}

variable "visibility_timeout_seconds" {
  description = "Seconds a delivered message stays hidden from other consumers."
  type        = number
  default     = 30
  nullable    = false
}

variable "sender_rule_arns" {
  description = "EventBridge rules that may send to the queue; `*` stands for any part of a name."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "dead_letters" {
  description = "Dead-letter queue for messages that could not be handled, and after how many deliveries they go there; null keeps them here."
  type = object({
    queue_arn         = string
    max_receive_count = number
  })
  default = null

  validation {
    condition     = try(var.dead_letters.max_receive_count >= 1 && var.dead_letters.max_receive_count <= 1000, var.dead_letters == null)
    error_message = "max_receive_count must be 1 to 1000."
  }
}

variable "source_queues" {
  description = "Queues, named as in `queue`, whose dead letters this one takes; when empty, any queue of the account may."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "sender_topic_arns" {
  description = "Topics that send what they could not deliver."
  type        = list(string)
  default     = []
  nullable    = false
}
