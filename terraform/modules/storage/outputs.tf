output "bucket_names" {
  description = "Bucket name of each zone, keyed by zone."
  value       = { for zone, bucket in aws_s3_bucket.this : zone => bucket.bucket }

  # Whoever uploads in the same apply must not come before the encryption, or the object keeps the wrong one.
  depends_on = [aws_s3_bucket_server_side_encryption_configuration.this]
}

output "bucket_arns" {
  description = "Bucket ARN of each zone, keyed by zone."
  value       = { for zone, bucket in aws_s3_bucket.this : zone => bucket.arn }
}

output "kms_key_arn" {
  description = "Customer managed key that encrypts everything the lake stores."
  value       = aws_kms_key.this.arn
}
