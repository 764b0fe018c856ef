# Region and credentials come from the environment: AWS_REGION and a profile of an administrator.
provider "aws" {
  s3_use_path_style = var.path_style

  default_tags {
    tags = {
      Project   = var.project
      ManagedBy = "terraform"
    }
  }
}

data "aws_region" "current" {}
