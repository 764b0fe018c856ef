# Built from names, not read from the machines: the Glue jobs may then be granted to report to the machine that waits for them.
output "state_machine_arns" {
  description = "ARNs of the state machines, keyed by what they do: ingest loads one batch, refresh rebuilds stale tables, maintenance maintains tables, forecast forecasts demand."
  value       = local.state_machine_arns
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { for name, function in merge(module.function, module.light_engine.functions) : name => function.name }
}

output "run_recorder_arn" {
  description = "ARN of the alias of the function that records the end of a run, also of one whose execution is gone."
  value       = module.function["run_recorder"].arn
}
