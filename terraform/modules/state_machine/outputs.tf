output "arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "called_functions" {
  description = "Folders under lambdas/ of the functions the definition calls."
  value       = toset(keys(local.called_functions))
}

output "definition" {
  description = "The definition with its placeholders filled."
  value       = aws_sfn_state_machine.this.definition
}
