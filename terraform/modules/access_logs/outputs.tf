output "bucket" {
  description = "Bucket of access logs."
  value       = aws_s3_bucket.this.bucket
}
