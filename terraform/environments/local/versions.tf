terraform {
  required_version = ">= 1.11"

  backend "local" {
    path = "../../../.lake/terraform.tfstate"
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
