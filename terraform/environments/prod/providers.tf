# Region and credentials come from the environment: AWS_REGION and a profile or an assumed role.
provider "aws" {
  default_tags {
    tags = {
      Project     = "cartlake"
      Environment = "prod"
      ManagedBy   = "terraform"
    }
  }
}
