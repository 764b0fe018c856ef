locals {
  layers = {
    cartlake   = { description = "Powertools, pydantic, the cartlake library and its contracts.", runtime = "python3.11" }
    arrow      = { description = "Arrow and pyiceberg, for the functions that read Parquet or publish tables.", runtime = "python3.11" }
    sftp       = { description = "Paramiko, for the function that reads SFTP servers.", runtime = "python3.11" }
    warehouses = { description = "The drivers of Snowflake and Redshift, for the function that reads sources.", runtime = "python3.11" }
    light      = { description = "DuckDB and all else that functions of the light engine need.", runtime = "python3.13" }
  }
}

resource "aws_s3_object" "layer" {
  for_each = local.layers

  bucket = var.artifacts_bucket
  key    = "layers/${each.key}/${filesha256("${var.artifacts_dir}/layers/${each.key}.zip")}.zip"
  source = "${var.artifacts_dir}/layers/${each.key}.zip"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_layer_version" "this" {
  for_each = local.layers

  layer_name               = "${var.name_prefix}-${each.key}"
  description              = each.value.description
  s3_bucket                = aws_s3_object.layer[each.key].bucket
  s3_key                   = aws_s3_object.layer[each.key].key
  source_code_hash         = filebase64sha256("${var.artifacts_dir}/layers/${each.key}.zip")
  compatible_runtimes      = [each.value.runtime]
  compatible_architectures = [var.architecture]

  # Functions get the new version before the old one is deleted.
  lifecycle {
    create_before_destroy = true
  }
}
