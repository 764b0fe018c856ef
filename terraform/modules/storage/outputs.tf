output "buckets" {
  description = "Name, ARN and regional domain name of each bucket, keyed by zone."
  value       = { for zone, bucket in aws_s3_bucket.this : zone => { name = bucket.bucket, arn = bucket.arn, domain = bucket.bucket_regional_domain_name } }

  # Whoever uploads in the same apply must not come before the encryption, or the object keeps the wrong one.
  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this]
}
