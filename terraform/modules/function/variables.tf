variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
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

variable "artifacts_dir" {
  description = "Folder the build wrote; holds lambdas/<function>.zip."
  type        = string
  nullable    = false
}

variable "artifacts_bucket" {
  description = "Bucket the code is deployed from."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor the function runs on; must be the one its layers were built for."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "layer_arns" {
  description = "Versions of the layers, in the order they are laid over each other."
  type        = list(string)
  default     = []
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
  description = "Environment variables beside the Powertools ones, which the module sets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "log_level" {
  description = "Lowest level the function logs."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "log_retention_days" {
  description = "Days the function's logs are kept."
  type        = number
  default     = 30
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

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}

variable "failure_queue_arn" {
  description = "Queue that receives asynchronous invocations which failed for good."
  type        = string
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Topic that hears of failing invocations."
  type        = string
  nullable    = false
}
