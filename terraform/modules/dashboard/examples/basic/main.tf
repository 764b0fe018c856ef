module "dashboard" {
  source = "../.."

  name_prefix   = "cartlake-test"
  bucket        = { name = "cartlake-test-dashboard", domain = "cartlake-test-dashboard.s3.eu-west-1.amazonaws.com" }
  page_dir      = "${path.module}/../../../../../dashboard"
  allowed_cidrs = ["203.0.113.0/24"]
}

output "url" {
  description = "Address of the dashboard."
  value       = module.dashboard.url
}
