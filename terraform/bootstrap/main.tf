module "state_bucket" {
  source = "../modules/state_bucket"

  project             = var.project
  deletion_protection = var.deletion_protection
}

module "github_roles" {
  source = "../modules/github_roles"

  project         = var.project
  repository      = var.repository
  environments    = var.environments
  create_provider = var.create_provider
  state           = { bucket_arn = module.state_bucket.bucket.arn, kms_key_arn = module.state_bucket.kms_key_arn }
}
