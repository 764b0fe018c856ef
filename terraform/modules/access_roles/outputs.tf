output "role_arns" {
  description = "ARNs of the roles, keyed by data_engineer, analyst and auditor."
  value       = { for role, made in aws_iam_role.people : role => made.arn }
}

output "workgroups" {
  description = "Athena workgroup of each role."
  value       = local.prefixes
}
