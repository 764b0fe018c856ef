output "functions" {
  description = "Name and ARN of each function, keyed by its folder under lambdas/."
  value       = { for name, function in module.function : name => { name = function.name, arn = function.arn } }
}

output "limits" {
  description = "Environment variables with the limits, for the functions that choose the engine."
  value       = local.limits
}
