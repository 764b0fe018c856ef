module "monitoring" {
  source = "../.."

  name_prefix = "cartlake-test"
  namespace   = "Cartlake/cartlake-test"
  topic_arns  = { alerts = "arn:aws:sns:eu-west-1:123456789012:cartlake-test-alerts" }
  queues      = { incoming = "cartlake-test-incoming", dead_letters = { incoming = "cartlake-test-incoming-dlq", events = "cartlake-test-events-dlq" } }
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = module.monitoring.alarm_names
}
