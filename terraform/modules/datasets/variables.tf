variable "contracts_dir" {
  description = "Folder of the data contracts: <dataset>.odcs.yaml."
  type        = string
  nullable    = false

  validation {
    condition     = length(fileset(var.contracts_dir, "*.odcs.yaml")) > 0
    error_message = "There is no *.odcs.yaml in contracts_dir: give the folder of the contracts."
  }
}
