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

variable "servers" {
  description = "SFTP servers to read, by name: host and port; user; folder, relative to the folder of the login unless it begins with `/`; pattern of names in it, with `*`, `?` and `[abc]`, where `/` goes into folders; dataset that the files are of; name and ARN of the secret, JSON with password, or private_key and perhaps passphrase; fingerprints of its host keys as `ssh-keygen -l` prints them (none: the first read says which key it shows, and is refused); when to read, as cron(...) or rate(...) in UTC (null: by `lake sync` only); for how many seconds a file must look the same before it is read; and the size of the largest file that is read, in MB."
  type = map(object({
    host           = string
    port           = optional(number, 22)
    user           = string
    folder         = optional(string, ".")
    pattern        = optional(string, "*")
    dataset        = string
    secret         = object({ name = string, arn = string })
    host_keys      = optional(list(string), [])
    schedule       = optional(string)
    settle_seconds = optional(number, 60)
    max_mb         = optional(number, 2048)
  }))
  nullable = false

  validation {
    condition     = length(var.servers) > 0 && alltrue([for name in keys(var.servers) : can(regex("^[a-z][a-z0-9_-]{0,39}$", name))])
    error_message = "There is at least one server, and a name has up to 40 lower-case letters, digits, dashes and underscores, a letter first."
  }

  validation {
    condition     = alltrue([for server in var.servers : can(regex("^[A-Za-z0-9.:-]+$", server.host)) && server.port >= 1 && server.port <= 65535])
    error_message = "host is a name or an address, without sftp:// and without the port; port is 1 to 65535."
  }

  validation {
    condition     = alltrue([for server in var.servers : can(regex("^[^/]", server.pattern)) && !can(regex("//|/$|\\*\\*|(^|/)\\.\\.?(/|$)", server.pattern))])
    error_message = "pattern is a glob below the folder, such as *.csv or */*.csv: a part for each folder and one for the file. There is no **."
  }

  validation {
    condition     = alltrue(flatten([for server in var.servers : [for key in server.host_keys : can(regex("^SHA256:[A-Za-z0-9+/]{43}$", key))]]))
    error_message = "A host key is given by its fingerprint, such as SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8; `lake sync NAME` shows the one of the server."
  }

  validation {
    condition     = alltrue([for server in var.servers : server.settle_seconds >= 1 && server.settle_seconds <= 86400])
    error_message = "settle_seconds must be 1 to 86400."
  }

  validation {
    condition     = alltrue([for server in var.servers : server.max_mb >= 1 && server.max_mb <= 10000 && floor(server.max_mb) == server.max_mb])
    error_message = "max_mb must be a whole number, 1 to 10000: a file is on the disk of the function, which has 10,240 MB at most."
  }
}
