data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  glue_arn = "arn:${data.aws_partition.current.partition}:glue:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  logs_arn = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    # IfExists: AWS does not document that Glue sends its account, and without the role nothing would run.
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "crawler" {
  name               = "${var.name_prefix}-crawler"
  description        = "Reads the raw zone and writes its tables to the catalog."
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

# What AWS's managed policy AWSGlueServiceRole allows, for this crawler only. Left out: network interfaces, because the
# crawler has no connection, and buckets named aws-glue-*, where Glue stores the scripts of jobs made in its console.
data "aws_iam_policy_document" "crawler" {
  statement {
    sid       = "ListRawZone"
    actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.raw_bucket.arn]
  }

  statement {
    sid       = "ReadRawFiles"
    actions   = ["s3:GetObject"]
    resources = ["${var.raw_bucket.arn}/incoming/*"]
  }

  statement {
    sid = "WriteRawTables"
    actions = [
      "glue:BatchCreatePartition",
      "glue:BatchGetPartition",
      "glue:BatchUpdatePartition",
      "glue:CreatePartition",
      "glue:CreateTable",
      "glue:GetDatabase",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
      "glue:UpdatePartition",
      "glue:UpdateTable",
    ]
    resources = [
      "${local.glue_arn}:catalog",
      aws_glue_catalog_database.this["raw"].arn,
      "${local.glue_arn}:table/${aws_glue_catalog_database.this["raw"].name}/*", # tables are found, not declared
    ]
  }

  statement {
    sid       = "ReadItself"
    actions   = ["glue:GetCrawler"]
    resources = ["${local.glue_arn}:crawler/${var.name_prefix}-raw"]
  }

  statement {
    sid       = "ReadOwnRole"
    actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"]
    resources = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.name_prefix}-crawler"]
  }

  statement {
    sid       = "ReadSettings"
    actions   = ["glue:GetClassifier", "glue:GetClassifiers", "glue:GetSecurityConfiguration", "s3:ListAllMyBuckets"]
    resources = ["*"] # the actions cannot be limited to resources
  }

  statement {
    sid       = "SendMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # the action can be limited by namespace only, not by resource

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue"]
    }
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.logs_arn}:log-group:/aws-glue/crawlers*"] # group and stream names are Glue's
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "crawler" {
  name   = "crawl"
  role   = aws_iam_role.crawler.id
  policy = data.aws_iam_policy_document.crawler.json
}
