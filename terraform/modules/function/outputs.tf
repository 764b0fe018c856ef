output "name" {
  description = "Name of the function in AWS."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "role_arn" {
  description = "ARN of the role the function runs as."
  value       = aws_iam_role.this.arn
}
