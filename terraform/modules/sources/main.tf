locals {
  folder_arns = { for name, source in var.sources : name => "${var.raw_bucket.arn}/incoming/${name}/sync/*" }
  secret_arns = distinct([for source in var.sources : source.secret.arn if source.secret != null])
}

module "source_sync" {
  source = "../function"

  shared          = var.shared
  function        = "source_sync"
  description     = "Reads what was modified in a source, and writes it as files into the raw zone."
  memory_mb       = 512
  timeout_seconds = 900
  environment_variables = {
    RAW_BUCKET = var.raw_bucket.name
    SOURCES = jsonencode({ for name, source in var.sources : name => {
      url    = source.url == null ? "" : source.url
      secret = try(source.secret.name, "") # its name: the value is in Secrets Manager alone
    } })
  }
  statements = merge({
    UseLedger                = var.shared.grants["UseLedger"]
    WriteFiles               = { actions = ["s3:GetObject", "s3:PutObject"], resources = values(local.folder_arns) }
    TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.raw_bucket.arn] }
  }, length(local.secret_arns) == 0 ? {} : { ReadSecrets = { actions = ["secretsmanager:GetSecretValue"], resources = local.secret_arns } })
}

module "schedule" {
  source = "../schedule"

  shared   = var.shared
  role     = "source-scheduler"
  function = { folder = "source_sync", arn = module.source_sync.arn }
  schedules = { for name, source in var.sources : "source-${replace(name, "_", "-")}" => {
    expression  = source.schedule
    description = "Reads the source ${name}."
    input       = jsonencode({ source = name })
  } if source.schedule != null }
}
