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

variable "raw_bucket" {
  description = "Name and ARN of the bucket that files are dropped into."
  type = object({
    name = string
    arn  = string
  })
  nullable = false
}

variable "streams" {
  description = "Topics of Kafka to read, by name, which a contract has as `cartlake.stream`: the dataset of that contract; addresses of the brokers as host:port; how to log in (iam for Amazon MSK with IAM, scram for SASL/SCRAM with a secret, tls, or none); name and ARN of the secret, JSON with username and password; ARN of the MSK cluster for iam; when to read, as cron(...) or rate(...) in UTC (null: by `lake stream` only); and for how many seconds each call goes on reading (0: to the present end of the topic)."
  type = map(object({
    dataset        = string
    brokers        = list(string)
    authentication = optional(string, "iam")
    secret         = optional(object({ name = string, arn = string }))
    cluster_arn    = optional(string)
    schedule       = optional(string)
    follow_seconds = optional(number, 0)
  }))
  nullable = false

  validation {
    condition     = alltrue([for topic in keys(var.streams) : can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,248}$", topic))])
    error_message = "A topic has up to 249 letters, digits, dots, dashes and underscores, a letter or digit first."
  }

  validation {
    condition     = alltrue([for stream in var.streams : contains(["iam", "scram", "tls", "none"], stream.authentication)])
    error_message = "authentication must be iam, scram, tls or none."
  }

  validation {
    condition     = alltrue([for stream in var.streams : length(stream.brokers) > 0 && alltrue([for broker in stream.brokers : can(regex("^[^:/]+:[0-9]+$", broker))])])
    error_message = "brokers needs at least one address, as host:port."
  }

  validation {
    condition     = alltrue([for stream in var.streams : stream.secret != null if stream.authentication == "scram"])
    error_message = "A stream with scram needs a secret: name it, and store JSON with username and password in it."
  }

  validation {
    condition     = alltrue([for stream in var.streams : can(regex("^arn:[a-z-]+:kafka:[^:]+:[0-9]{12}:cluster/[^/]+/[^/]+$", stream.cluster_arn)) if stream.authentication == "iam"])
    error_message = "A stream with iam needs cluster_arn, the ARN of its MSK cluster: the rights of the function are about it."
  }

  validation {
    condition     = alltrue([for stream in var.streams : stream.follow_seconds >= 0 && stream.follow_seconds <= 780])
    error_message = "follow_seconds must be 0 to 780: a call has 900 seconds, and time to end."
  }
}
