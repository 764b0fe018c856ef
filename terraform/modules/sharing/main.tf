data "aws_partition" "current" {}

data "aws_iam_policy_document" "assume" {
  for_each = var.readers

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${each.value.account_id}:root"]
    }

    # Without it any customer of the same extractor could have that extractor read our exports.
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [each.value.external_id]
    }
  }
}

resource "aws_iam_role" "reader" {
  for_each = var.readers

  name                 = "${var.name_prefix}-export-reader-${each.key}"
  description          = "Lets account ${each.value.account_id} read the exports below /${each.value.prefix}, and nothing else."
  assume_role_policy   = data.aws_iam_policy_document.assume[each.key].json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "reader" {
  for_each = var.readers

  statement {
    sid       = "ListExports"
    actions   = ["s3:ListBucket"]
    resources = [var.exports_bucket_arn]

    dynamic "condition" {
      for_each = each.value.prefix == "" ? [] : [each.value.prefix]

      content {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${condition.value}*"]
      }
    }
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.exports_bucket_arn]
  }

  statement {
    sid       = "ReadExports"
    actions   = ["s3:GetObject"]
    resources = ["${var.exports_bucket_arn}/${each.value.prefix}*"]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "reader" {
  for_each = var.readers

  name   = "read-exports"
  role   = aws_iam_role.reader[each.key].id
  policy = data.aws_iam_policy_document.reader[each.key].json
}
