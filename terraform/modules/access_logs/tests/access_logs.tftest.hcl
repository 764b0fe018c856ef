mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix    = "cartlake-test"
  retention_days = 30
  buckets = {
    raw     = { name = "cartlake-test-raw", arn = "arn:aws:s3:::cartlake-test-raw" }
    curated = { name = "cartlake-test-curated", arn = "arn:aws:s3:::cartlake-test-curated" }
  }
}

run "only_the_lakes_buckets_of_this_account_log_here" {
  command = plan

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[0].principals).identifiers == toset(["logging.s3.amazonaws.com"])
    error_message = "Only the logging service may write."
  }

  assert {
    condition = { for condition in data.aws_iam_policy_document.this.statement[0].condition : condition.variable => condition.values } == {
      "aws:SourceAccount" = tolist(["123456789012"])
      "aws:SourceArn"     = tolist(["arn:aws:s3:::cartlake-test-*"])
    }
    error_message = "A bucket of another account or lake must not write here."
  }

  # Logs expire and use the only encryption that works.
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 30
    error_message = "Logs must expire."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "S3 does not deliver access logs to a bucket with a customer managed key."
  }

  # Each bucket logs below its zone.
  assert {
    condition     = { for zone, logging in aws_s3_bucket_logging.this : zone => "${logging.bucket} ${logging.target_prefix}" } == { curated = "cartlake-test-curated curated/", raw = "cartlake-test-raw raw/" }
    error_message = "Each zone must log below its own name."
  }
}

run "rejects_logs_kept_for_no_day" {
  command = plan

  variables {
    retention_days = 0
  }

  expect_failures = [var.retention_days]
}
