provider "aws" {
  # The embedded AWS listens on a loopback address, where buckets cannot be host names. Everything else comes from the
  # environment: AWS_ENDPOINT_URL, keys and region, as `lake env` prints them.
  s3_use_path_style = true

  default_tags {
    tags = {
      Project     = "cartlake"
      Environment = "local"
      ManagedBy   = "terraform"
    }
  }
}
