output "role_arns" {
  description = "ARN of each role, keyed by <environment>-plan and <environment>-deploy."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}
