output "reader_role_arns" {
  description = "ARNs of the roles that other accounts assume, keyed by reader."
  value       = { for name, role in aws_iam_role.reader : name => role.arn }
}
