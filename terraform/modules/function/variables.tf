variable "shared" {
  description = "What every function of the lake shares, as module `platform` gives it."
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
  })
  nullable = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.shared.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "function" {
  description = "Name of the function's folder under lambdas/, in snake case."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]+$", var.function))
    error_message = "function must be the snake-case name of a folder under lambdas/."
  }
}

variable "description" {
  description = "What the function does, shown in the console."
  type        = string
  nullable    = false
}

variable "layers" {
  description = "Layers of the function, in the order they are merged: a later one wins."
  type        = list(string)
  default     = ["cartlake"]
  nullable    = false
}

variable "tmp_mb" {
  description = "Size of /tmp, in MB."
  type        = number
  default     = 512
  nullable    = false
}

variable "memory_mb" {
  description = "Memory of one execution environment, in MB."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb must be 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "Time one invocation may take, in seconds."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be 1 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Number of concurrent executions set aside for the function; -1 draws from the account's pool."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1
    error_message = "reserved_concurrency must be -1 (none) or more."
  }
}

variable "environment_variables" {
  description = "Environment variables beside those of Powertools and those every function gets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "statements" {
  description = "What the function may do beside logging, tracing and using the key: policy statements keyed by statement id."
  type = map(object({
    actions   = list(string)
    resources = list(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for statement in var.statements : !contains(concat(statement.actions, statement.resources), "*")])
    error_message = "A function's statements name their actions and resources; \"*\" alone is not allowed."
  }
}
