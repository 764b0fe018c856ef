output "url" {
  description = "Address of the dashboard."
  value       = "https://${aws_cloudfront_distribution.this.domain_name}/"
}

output "distribution_arn" {
  description = "ARN of the distribution, which may read the bucket."
  value       = aws_cloudfront_distribution.this.arn
}
