data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "trust" {
  for_each = var.producers

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = each.value.principal_arns
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = var.producers

  name                 = "${var.name_prefix}-producer-${each.key}"
  description          = "Drops files of ${join(", ", each.value.datasets)}. Reads and deletes nothing."
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 3600

  lifecycle {
    precondition {
      condition     = length(setsubtract(each.value.datasets, var.datasets)) == 0
      error_message = "Producer ${each.key} names a dataset that no contract takes files for; there are: ${join(", ", var.datasets)}."
    }
  }
}

data "aws_iam_policy_document" "this" {
  for_each = var.producers

  statement {
    sid       = "DropFiles"
    actions   = ["s3:PutObject"]
    resources = [for dataset in each.value.datasets : "${var.raw_bucket_arn}/incoming/${dataset}/${each.value.folder}*"]
  }

  # S3 decrypts the parts of a large upload to join them. Without s3:GetObject that reads no object.
  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = var.producers

  name   = "drop-files"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.this[each.key].json
}
