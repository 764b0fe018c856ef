output "functions" {
  description = "Name and ARN of each function, keyed by its folder under lambdas/."
  value       = { for name, function in module.function : name => { name = function.name, arn = function.arn } }
}

output "size_grants" {
  description = "What a function may do that looks up the sizes of tables: statements of its role, by name."
  value       = local.size_grants
}

output "limits" {
  description = "Environment variables with the limits, for the functions that choose the engine."
  value       = local.limits
}
