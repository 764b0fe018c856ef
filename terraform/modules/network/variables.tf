variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "cidr" {
  description = "Addresses of the VPC. Each running function and each worker of a job takes one."
  type        = string
  default     = "10.0.0.0/20"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.cidr, 2, 3)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "cidr must be an IPv4 block from /16 to /24, such as 10.0.0.0/20."
  }
}

variable "zones" {
  description = "Availability zones with a subnet. Each interface endpoint is billed in each of them."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.zones >= 1 && var.zones <= 4
    error_message = "zones must be 1 to 4."
  }
}

variable "emr_serverless" {
  description = "Whether functions start jobs on EMR Serverless, which then needs an endpoint."
  type        = bool
  default     = false
  nullable    = false
}
