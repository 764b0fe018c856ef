output "bucket" {
  description = "Name and ARN of the bucket of Terraform states."
  value       = { name = aws_s3_bucket.this.bucket, arn = aws_s3_bucket.this.arn }
}

output "kms_key_arn" {
  description = "Key that encrypts the states."
  value       = aws_kms_key.this.arn
}
