module "github_roles" {
  source = "../.."

  project      = "cartlake"
  repository   = "example/cartlake"
  environments = ["dev"]
  state        = { bucket_arn = "arn:aws:s3:::cartlake-terraform-state", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
}

output "roles" {
  description = "Roles, as workflows name them."
  value       = module.github_roles.role_arns
}
