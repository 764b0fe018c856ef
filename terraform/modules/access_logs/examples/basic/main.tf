module "access_logs" {
  source = "../.."

  name_prefix    = "cartlake-test"
  retention_days = 90
  buckets        = { raw = { name = "cartlake-test-raw", arn = "arn:aws:s3:::cartlake-test-raw" } }
}

output "bucket" {
  description = "Bucket of access logs."
  value       = module.access_logs.bucket
}
