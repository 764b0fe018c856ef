data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  # Whoever uses the embedded AWS is its account, and may take every role.
  account = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
}

module "lake" {
  source = "../../modules/lake"

  access = {
    people    = { for role in ["analyst", "auditor", "data_engineer"] : role => { principal_arns = local.account } }
    producers = { shop = { datasets = ["customers", "transactions"], principal_arns = local.account } }
  }

  # Signed requests of this account as a data engineer, and tokens of an issuer by the names of the roles.
  api = {
    roles = { for role in ["analyst", "auditor", "data_engineer"] : role => { groups = var.api_jwt == null ? [] : [role], principal_arns = role == "data_engineer" ? local.account : [] } if var.api_jwt != null || role == "data_engineer" }
    jwt   = var.api_jwt
    # One person has this API, and benchmarks ask it as fast as it answers.
    limits = { caller_requests_per_minute = 600000, caller_queries_per_minute = 6000 }
  }

  dashboard = { explore = true } # `lake dashboard` downloads the engine when the page is opened

  refresh = { window_seconds = 0 } # who tries the lake here wants to see the effect of each file

  environment          = "local"
  artifacts_dir        = coalesce(var.artifacts_dir, "${path.root}/../../../build")
  lambda_architecture  = var.lambda_architecture
  deletion_protection  = var.deletion_protection
  force_destroy        = !var.deletion_protection
  maintenance_schedule = var.maintenance_schedule
  forecast_schedule    = null                                                                     # `lake forecast` does it on demand
  retention            = { logs_days = 7, table_versions_days = var.deletion_protection ? 1 : 0 } # the embedded AWS expires nothing
  sources = {
    fx_rates          = {}
    hubspot_companies = { secret = "hubspot" }
    hubspot_contacts  = { secret = "hubspot" }
  }
  # A broker on this machine: without one, and without a schedule, nothing is read.
  streams = {
    clickstream = { dataset = "clickstream", brokers = ["127.0.0.1:19092"], authentication = "none" }
    orders      = { dataset = "transactions", brokers = ["127.0.0.1:19092"], authentication = "none" }
  }
  # A server on this machine: without one, and without a schedule, nothing is read.
  sftp = {
    bank = { host = "127.0.0.1", port = 2222, user = "cartlake", dataset = "fx_rates", secret = "sftp-bank" }
  }
  ingest = { validator = { maximum_concurrency = 2 } } # all cold starts share the same few cores
}
