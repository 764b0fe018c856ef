variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "people" {
  description = "Who may assume the roles data_engineer, analyst and auditor: ARNs of IAM principals, names of permission sets of IAM Identity Center in this account, ARNs of SAML providers, ARNs of roles of functions that act for their callers and are made after these roles. A role that nobody may assume is not made."
  type = map(object({
    principal_arns     = optional(set(string), [])
    permission_sets    = optional(set(string), [])
    saml_provider_arns = optional(set(string), [])
    function_role_arns = optional(set(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.people), ["data_engineer", "analyst", "auditor"])) == 0
    error_message = "The roles of people are data_engineer, analyst and auditor; systems that drop files are producers."
  }

  validation {
    condition     = alltrue([for trusted in var.people : length(trusted.principal_arns) + length(trusted.permission_sets) + length(trusted.saml_provider_arns) + length(trusted.function_role_arns) > 0])
    error_message = "Say who may assume the role: principal_arns, permission_sets or saml_provider_arns. Leave the role out to have none."
  }

  validation {
    condition     = alltrue(flatten([for trusted in var.people : [for arn in trusted.principal_arns : !strcontains(arn, "*")]]))
    error_message = "principal_arns are whole ARNs: IAM takes no pattern as a principal. For IAM Identity Center name the permission set."
  }
}

variable "buckets" {
  description = "Buckets of the zones, keyed by zone: name and ARN."
  type        = map(object({ name = string, arn = string }))
  nullable    = false
}

variable "access_logs_bucket" {
  description = "Name of the bucket of S3's access logs, which the auditor reads."
  type        = string
  nullable    = false
}

variable "databases" {
  description = "Databases, keyed by the name the contracts use: their name in Glue, and the s3:// folder of their tables."
  type        = map(object({ name = string, location = string }))
  nullable    = false
}

variable "protected_columns" {
  description = "Columns that only data engineers read, keyed by the table's name in the contracts: output of module `datasets`. A table that is not in it is nobody's but theirs."
  type        = map(list(string))
  nullable    = false
}

variable "queries_dir" {
  description = "Folder of the named queries (*.sql) and, below views/, of the views."
  type        = string
  nullable    = false
}

variable "ledger_arn" {
  description = "ARN of the ledger's table."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Customer managed key of the lake."
  type        = string
  nullable    = false
}

variable "workgroup" {
  description = "Athena workgroup of data engineers."
  type        = string
  nullable    = false
}

variable "function_arns" {
  description = "ARNs of the functions that data engineers call to start, redrive and sweep runs, with their alias."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "scan_limit_gb" {
  description = "Gigabytes that a query of analysts or auditors may scan before Athena cancels it."
  type        = number
  default     = 10
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroying also deletes the workgroups with their history."
  type        = bool
  default     = false
  nullable    = false
}
