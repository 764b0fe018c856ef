output "names" {
  description = "Names of the budget and the anomaly monitor; empty when neither is asked for."
  value       = concat(values(aws_budgets_budget.this)[*].name, values(aws_ce_anomaly_monitor.this)[*].name)
}
