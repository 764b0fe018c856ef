variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "producers" {
  description = "Systems that drop files, keyed by a short name: the datasets they may drop, the folder below each dataset that is theirs (all of the dataset when empty), and the ARNs of the principals that may assume the role."
  type = map(object({
    datasets       = set(string)
    folder         = optional(string, "")
    principal_arns = set(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.producers) : can(regex("^[a-z][a-z0-9-]{1,15}$", name))])
    error_message = "Each producer's name must be 2-16 lower-case letters, digits or hyphens, starting with a letter: it ends the name of a role."
  }

  validation {
    condition     = alltrue([for producer in var.producers : length(producer.datasets) > 0 && length(producer.principal_arns) > 0])
    error_message = "A producer needs at least one dataset and one principal."
  }

  validation {
    condition     = alltrue([for producer in var.producers : producer.folder == "" || can(regex("^[A-Za-z0-9_-]+/$", producer.folder))])
    error_message = "folder is one name and a slash at its end, without a pattern: pos/"
  }

  validation {
    condition     = length(flatten([for producer in var.producers : [for dataset in producer.datasets : "${dataset}/${producer.folder}"]])) == length(distinct(flatten([for producer in var.producers : [for dataset in producer.datasets : "${dataset}/${producer.folder}"]])))
    error_message = "Two producers of one dataset need a folder each: otherwise one could replace a file of the other before it is loaded."
  }

  validation {
    condition = alltrue(flatten([for name, producer in var.producers : [for dataset in producer.datasets :
      producer.folder != "" || alltrue([for other, one in var.producers : other == name || !contains(one.datasets, dataset)])
    ]]))
    error_message = "A producer without a folder may write everywhere in its dataset, so it must be the only producer of it."
  }
}

variable "datasets" {
  description = "Datasets that files are dropped for."
  type        = set(string)
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}

variable "raw_bucket_arn" {
  description = "Bucket of dropped files."
  type        = string
  nullable    = false
}
