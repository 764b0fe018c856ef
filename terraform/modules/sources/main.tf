locals {
  warehouses  = ["redshift_behavior", "snowflake_orders"] # their drivers are a layer of their own
  layers      = concat(["cartlake"], anytrue([for name in keys(var.sources) : contains(local.warehouses, name)]) ? ["warehouses"] : [])
  folder_arns = { for name, source in var.sources : name => "${var.raw_bucket.arn}/incoming/${name}/sync/*" }
  secret_arns = distinct([for source in var.sources : source.secret.arn if source.secret != null])

  settings = { for name, source in var.sources : name => { for setting, value in {
    url             = source.url
    secret          = try(source.secret.name, null) # its name: the value is in Secrets Manager alone
    table           = source.table
    warehouse       = source.warehouse
    role            = source.role
    overlap_minutes = source.overlap_minutes
  } : setting => value if value != null } }
}

module "source_sync" {
  source = "../function"

  shared          = var.shared
  function        = "source_sync"
  description     = "Reads what was modified in a source, and writes it as files into the raw zone."
  layers          = local.layers
  memory_mb       = 512
  timeout_seconds = 900
  environment_variables = {
    RAW_BUCKET = var.raw_bucket.name
    SOURCES    = jsonencode(local.settings)
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
