locals {
  layers = {
    cartlake = "Powertools, pydantic, the cartlake library and its contracts."
    arrow    = "Arrow and pyiceberg, for the functions that read Parquet or publish tables."
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
  description              = each.value
  s3_bucket                = aws_s3_object.layer[each.key].bucket
  s3_key                   = aws_s3_object.layer[each.key].key
  source_code_hash         = filebase64sha256("${var.artifacts_dir}/layers/${each.key}.zip")
  compatible_runtimes      = ["python3.11"]
  compatible_architectures = [var.architecture]

  # Functions get the new version before the old one is deleted.
  lifecycle {
    create_before_destroy = true
  }
}
