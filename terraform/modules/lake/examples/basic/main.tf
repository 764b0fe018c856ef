module "lake" {
  source = "../.."

  environment         = "test"
  artifacts_dir       = "${path.module}/../../../../fixtures/artifacts"
  alert_emails        = ["oncall@example.com"]
  export_readers      = { partner = { account_id = "123456789012", external_id = "obscure_words" } }
  deletion_protection = false
}

output "lake" {
  description = "Where everything of the lake is."
  value       = module.lake.resources
}
