output "secrets" {
  description = "Name and ARN of each secret, keyed by its short name."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => { name = secret.name, arn = secret.arn } }
}
