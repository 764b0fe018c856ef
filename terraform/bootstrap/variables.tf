variable "project" {
  description = "Start of every name, the same as in module `lake`."
  type        = string
  default     = "cartlake"
  nullable    = false
}

variable "repository" {
  description = "GitHub repository that deploys, as owner/name."
  type        = string
  nullable    = false
}

variable "environments" {
  description = "Environments that are deployed to this account."
  type        = set(string)
  default     = ["dev", "staging", "prod"]
  nullable    = false
}

variable "create_provider" {
  description = "Whether to make GitHub's identity provider; false where the account has it already."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether a plan that destroys the bucket of states or its key is refused."
  type        = bool
  default     = true
  nullable    = false
}

variable "path_style" {
  description = "Whether buckets are part of the path of S3's address; true for the embedded AWS only, in a test."
  type        = bool
  default     = false
  nullable    = false
}
