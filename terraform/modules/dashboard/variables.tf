variable "name_prefix" {
  description = "Start of every name, built once by the root as <project>-<environment>."
  type        = string
  nullable    = false
}

variable "bucket" {
  description = "Bucket of the page and its tiles: its name, and its regional domain name."
  type        = object({ name = string, domain = string })
  nullable    = false
}

variable "page_dir" {
  description = "Folder with the files of the page."
  type        = string
  nullable    = false
}

variable "engine_dir" {
  description = "Folder with the compressed files of Explore's engine, as `lake build --explore` makes it; null without Explore."
  type        = string
  default     = null
}

variable "allowed_cidrs" {
  description = "Who may see the page: ranges of IPv4 addresses in CIDR notation, such as those of an office or a VPN."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_cidrs) > 0 && alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "allowed_cidrs needs at least one range, each like 203.0.113.0/24."
  }

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : try(tonumber(split("/", cidr)[1]) >= 8, true)])
    error_message = "Each of allowed_cidrs must be /8 or smaller: the page shows sales, and is not for everybody."
  }
}
