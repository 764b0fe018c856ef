output "kms_key_arn" {
  description = "Customer managed key that encrypts everything the lake stores."
  value       = aws_kms_key.this.arn
}

output "glue_security_configuration" {
  description = "Name of the security configuration with which Glue jobs and crawlers use the key."
  value       = aws_glue_security_configuration.this.name
}
