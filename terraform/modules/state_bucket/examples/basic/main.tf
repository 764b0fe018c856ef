module "state_bucket" {
  source = "../.."

  project             = "cartlake"
  deletion_protection = false # only so that this example can be taken down again
}

output "bucket" {
  description = "Name of the bucket."
  value       = module.state_bucket.bucket.name
}
