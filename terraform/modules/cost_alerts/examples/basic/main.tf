module "cost_alerts" {
  source = "../.."

  name_prefix        = "cartlake-test"
  monthly_budget_usd = 50
  anomaly_usd        = 10
  tag                = { key = "Environment", value = "test" }
  topic_arn          = "arn:aws:sns:eu-west-1:123456789012:t"
}

output "names" {
  description = "Names of the budget and the anomaly monitor."
  value       = module.cost_alerts.names
}
