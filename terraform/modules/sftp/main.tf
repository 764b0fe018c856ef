locals {
  folder_arns = { for name, server in var.servers : name => "${var.raw_bucket.arn}/incoming/${server.dataset}/sftp/${name}/*" }
  secret_arns = distinct([for server in var.servers : server.secret.arn])
}

module "sftp_reader" {
  source = "../function"

  shared          = var.shared
  function        = "sftp_reader"
  description     = "Copies files that are finished on an SFTP server into the raw zone."
  layers          = ["cartlake", "sftp"]
  memory_mb       = 1024
  tmp_mb          = max([for server in var.servers : server.max_mb]...) + 240 # a file is there until its checksum is known
  timeout_seconds = 900
  environment_variables = {
    RAW_BUCKET = var.raw_bucket.name
    SFTP = jsonencode({ for name, server in var.servers : name => {
      host           = server.host
      port           = server.port
      user           = server.user
      folder         = server.folder
      pattern        = server.pattern
      dataset        = server.dataset
      secret         = server.secret.name # its name: the value is in Secrets Manager alone
      host_keys      = server.host_keys
      settle_seconds = server.settle_seconds
      max_mb         = server.max_mb
    } })
  }
  statements = {
    UseLedger                = var.shared.grants["UseLedger"]
    WriteFiles               = { actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], resources = values(local.folder_arns) }
    TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.raw_bucket.arn] }
    ReadSecrets              = { actions = ["secretsmanager:GetSecretValue"], resources = local.secret_arns }
  }
}

module "schedule" {
  source = "../schedule"

  shared   = var.shared
  role     = "sftp-scheduler"
  function = { folder = "sftp_reader", arn = module.sftp_reader.arn }
  schedules = { for name, server in var.servers : "sftp-${replace(name, "_", "-")}" => {
    expression  = server.schedule
    description = "Reads the SFTP server ${name}."
    input       = jsonencode({ server = name, scheduled = true })
  } if server.schedule != null }
}
