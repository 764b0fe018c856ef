module "storage" {
  source = "../.."

  name_prefix = "cartlake-test"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
  zones = {
    raw     = { versioned = true, event_notifications = true, noncurrent_expiration_days = 30 }
    results = { expiration_days = 7 }
    staging = { expiring_prefixes = { "copies/" = 3 } }
    curated = {}
  }
}

output "buckets" {
  description = "Name and ARN of each bucket."
  value       = module.storage.buckets
}
