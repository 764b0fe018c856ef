variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "machine" {
  description = "What follows the prefix in the machine's name: ingest, refresh, maintenance or forecast."
  type        = string
  nullable    = false
}

variable "arn" {
  description = "ARN the machine will have, as its callers are given it before the machine exists; another one fails the apply."
  type        = string
  nullable    = false
}

variable "definition_path" {
  description = "File of the definition, an *.asl.json with placeholders."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(file(var.definition_path)).States)
    error_message = "definition_path must be the JSON of a state machine, with States."
  }
}

variable "function_arns" {
  description = "Functions a definition may call, keyed by folder under lambdas/; the placeholder of one is <folder>_function_arn. The machine may call those its definition names."
  type        = map(string)
  nullable    = false
}

variable "placeholders" {
  description = "Values of all other placeholders but alerts_topic_arn and name_prefix."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "glue_job" {
  description = "Steps that wait for a Glue job, and how long that job may run."
  type = object({
    steps           = list(string)
    timeout_minutes = number
  })
  nullable = false
}

variable "alerts_topic_arn" {
  description = "Topic of alarms and failed runs."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days the log of executions is kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}
