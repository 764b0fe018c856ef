output "name" {
  description = "Name of the function in AWS."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function's alias, which callers use: it is moved to a new version when that is complete."
  value       = aws_lambda_alias.live.arn
}

output "alias" {
  description = "Name of the alias; permissions are given to it."
  value       = aws_lambda_alias.live.name
}


output "role_arn" {
  description = "ARN of the role the function runs as."
  value       = aws_iam_role.this.arn
}
