output "backend" {
  description = "Content of backend.hcl, for every environment of this account."
  value       = "bucket = \"${module.state_bucket.bucket.name}\"\nregion = \"${data.aws_region.current.name}\"\n"
}

output "role_arns" {
  description = "Roles of GitHub jobs, keyed by <environment>-plan and <environment>-deploy."
  value       = module.github_roles.role_arns
}
