module "alerts" {
  source = "../.."

  name_prefix = "cartlake-test"
  emails      = ["oncall@example.com"]
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

output "topic_arn" {
  description = "Topic of the alerts."
  value       = module.alerts.topic_arn
}
