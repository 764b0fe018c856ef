data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  run_files = "${var.buckets["artifacts"].arn}/runs/*"
  glue_arn  = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # Those who choose the engine and those who run it go by the same limits.
  limits = {
    LIGHT_MAX_MB       = tostring(var.engine.light_max_mb)
    LIGHT_MAX_ROWS     = tostring(var.engine.light_max_rows)
    LIGHT_TABLE_MAX_MB = tostring(var.engine.light_table_max_mb)
    SPARK_RUNNER       = var.engine.spark_runner
  }

  size_grants = {
    FindTables = {
      actions = ["glue:GetTable"]
      resources = concat(["${local.glue_arn}:catalog"], flatten([for database in ["curated", "masked", "processed"] : [
        "${local.glue_arn}:database/${var.database_prefix}${database}",
        "${local.glue_arn}:table/${var.database_prefix}${database}/*", # the tables are the contracts'
      ]]))
    }
    ReadTableSizes           = { actions = ["s3:GetObject"], resources = [for zone in ["curated", "processed"] : "${var.buckets[zone].arn}/*/metadata/*"] }
    TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [for zone in ["curated", "processed"] : var.buckets[zone].arn] }
  }

  # Files of tables that did not change since the last index are not written again.
  explore_grants = { for name, grant in {
    ReadExploreIndex = { actions = ["s3:GetObject"], resources = ["${var.buckets["dashboard"].arn}/tiles/explore/index.json"] }
  } : name => grant if var.dashboard.explore }

  functions = {
    light_loader = {
      description = "Loads files onto an audit branch of their table with the light engine, DuckDB."
      statements = {
        ReadFiles = {
          actions   = ["s3:GetObject", "s3:GetObjectVersion"]
          resources = ["${var.buckets["raw"].arn}/incoming/*", "${var.buckets["artifacts"].arn}/staging/*"]
        }
        ReadTombstones        = { actions = ["s3:GetObject"], resources = ["${var.buckets["artifacts"].arn}/erasure/*"] } # of people who were erased
        ReadManifestAndReport = { actions = ["s3:GetObject", "s3:PutObject"], resources = [local.run_files] }
        CommitTables = {
          actions = ["glue:GetTable", "glue:UpdateTable"]
          resources = concat(["${local.glue_arn}:catalog"], flatten([for database in ["ops", "processed"] : [
            "${local.glue_arn}:database/${var.database_prefix}${database}",
            "${local.glue_arn}:table/${var.database_prefix}${database}/*", # the tables are the contracts'
          ]]))
        }
        WriteTableFiles = {
          actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
          resources = ["${var.buckets["processed"].arn}/*", "${var.buckets["quarantine"].arn}/ops/*"]
        }
        TellMissingFromForbidden = {
          actions   = ["s3:ListBucket"]
          resources = [for zone in ["artifacts", "processed", "quarantine", "raw"] : var.buckets[zone].arn]
        }
      }
    }
    light_refresher = {
      description = "Rebuilds the stale tables of a plan with the light engine, DuckDB."
      statements = {
        ReadPlanAndReport = { actions = ["s3:GetObject", "s3:PutObject"], resources = [local.run_files] }
        CommitTables = {
          actions = ["glue:GetTable", "glue:UpdateTable"]
          resources = concat(["${local.glue_arn}:catalog"], flatten([for database in ["curated", "masked", "ops", "processed"] : [
            "${local.glue_arn}:database/${var.database_prefix}${database}",
            "${local.glue_arn}:table/${var.database_prefix}${database}/*", # the tables are the contracts'
          ]]))
        }
        WriteTableFiles = {
          actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
          resources = ["${var.buckets["curated"].arn}/*", "${var.buckets["processed"].arn}/*", "${var.buckets["quarantine"].arn}/ops/*"]
        }
        TellMissingFromForbidden = {
          actions   = ["s3:ListBucket"]
          resources = [for zone in ["artifacts", "curated", "processed", "quarantine"] : var.buckets[zone].arn]
        }
      }
    }
    tile_writer = {
      description = "Writes what the dashboard reads, from the published version of every table."
      environment = { DASHBOARD_BUCKET = var.buckets["dashboard"].name, TIME_ZONE = var.dashboard.time_zone, EXPLORE = tostring(var.dashboard.explore) }
      statements = merge(local.explore_grants, {
        ReadTables = {
          actions = ["glue:GetTable"]
          resources = concat(["${local.glue_arn}:catalog"], flatten([for database in ["curated", "ops", "processed"] : [
            "${local.glue_arn}:database/${var.database_prefix}${database}",
            "${local.glue_arn}:table/${var.database_prefix}${database}/*", # the tables are the contracts'
          ]]))
        }
        ReadLedger = var.shared.grants["ReadLedger"]
        ReadTableFiles = {
          actions = ["s3:GetObject"]
          # Of tables in the zone processed only when they were written, and no row.
          resources = ["${var.buckets["curated"].arn}/*", "${var.buckets["processed"].arn}/*/metadata/*", "${var.buckets["quarantine"].arn}/ops/*"]
        }
        TellMissingFromForbidden = {
          actions   = ["s3:ListBucket"]
          resources = [for zone in concat(["curated", "processed", "quarantine"], var.dashboard.explore ? ["dashboard"] : []) : var.buckets[zone].arn]
        }
        WriteTiles = { actions = ["s3:PutObject"], resources = ["${var.buckets["dashboard"].arn}/tiles/*"] }
      })
    }
  }
}

module "function" {
  source   = "../function"
  for_each = local.functions

  shared                = var.shared
  function              = each.key
  description           = each.value.description
  layers                = ["light"]
  memory_mb             = var.engine.light_memory_mb
  tmp_mb                = var.engine.light_tmp_mb
  timeout_seconds       = var.engine.light_timeout_seconds
  environment_variables = merge(try(each.value.environment, {}), merge(local.limits, { ARTIFACTS_BUCKET = var.buckets["artifacts"].name, DATABASE_PREFIX = var.database_prefix }))
  statements            = each.value.statements
}
