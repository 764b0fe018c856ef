mock_provider "aws" {
  source = "../../fixtures/mocks"

  mock_resource "aws_glue_catalog_database" {
    override_during = plan
    defaults        = { arn = "arn:aws:glue:eu-west-1:123456789012:database/raw" }
  }
}

variables {
  name_prefix            = "cartlake-test"
  datasets               = { transactions = "csv", reviews = "jsonl" }
  raw_bucket             = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
  security_configuration = "cartlake-test"
  kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/k"
  databases = {
    raw       = { description = "Files as they were dropped.", location = "s3://test-raw/incoming/" }
    processed = { description = "Checked rows.", location = "s3://test-processed/" }
    ops       = { description = "Runs.", location = "s3://test-quarantine/ops/" }
  }
}

run "databases_have_their_names_and_places" {
  command = plan

  assert {
    condition     = output.databases == { ops = "ops", processed = "processed", raw = "raw" }
    error_message = "Without a prefix a database is called what the contracts call it."
  }

  assert {
    condition     = aws_glue_catalog_database.this["processed"].location_uri == "s3://test-processed/"
    error_message = "A table that names no location must land in the database's bucket."
  }

  # The crawler makes one table per dataset.
  assert {
    condition     = sort([for target in aws_glue_crawler.raw.s3_target : target.path]) == tolist(["s3://test-raw/incoming/reviews/", "s3://test-raw/incoming/transactions/"])
    error_message = "The crawler must read the folder of every dataset, and nothing else."
  }

  assert {
    condition     = alltrue([for target in aws_glue_crawler.raw.s3_target : contains(target.exclusions, "replay/**")])
    error_message = "Replayed rows are copies: they must not be crawled."
  }

  assert {
    condition = {
      for target in aws_glue_crawler.raw.s3_target : basename(target.path) => toset([
        for glob in ["**.csv", "**.csv.gz", "**.json", "**.jsonl", "**.jsonl.gz", "**.parquet"] : glob if contains(target.exclusions, glob)
      ])
      } == {
      reviews      = toset(["**.csv", "**.csv.gz", "**.parquet"])
      transactions = toset(["**.json", "**.jsonl", "**.jsonl.gz", "**.parquet"])
    }
    error_message = "A table has files of one format: those of the others must not be crawled."
  }

  assert {
    condition     = aws_glue_crawler.raw.classifiers == tolist(["cartlake-test-csv"]) && aws_glue_classifier.csv.csv_classifier[0].serde == "OpenCSVSerDe" && aws_glue_classifier.csv.csv_classifier[0].contains_header == "PRESENT"
    error_message = "Quoted CSV must be read by OpenCSVSerDe, and its header is no row."
  }

  assert {
    condition     = jsondecode(aws_glue_crawler.raw.configuration).Grouping.TableLevelConfiguration == 3
    error_message = "Tables stand at the third level: bucket, incoming, dataset."
  }

  assert {
    condition     = jsondecode(aws_glue_crawler.raw.configuration).CrawlerOutput.Partitions.AddOrUpdateBehavior == "InheritFromTable"
    error_message = "A partition with columns of its own is one Athena refuses to read."
  }

  assert {
    condition     = aws_glue_crawler.raw.schedule == null
    error_message = "Without a schedule the crawler must run on demand only."
  }

  # The crawler changes tables of the raw database only.
  assert {
    condition = alltrue([
      for resource in flatten([for statement in data.aws_iam_policy_document.crawler.statement : tolist(statement.resources) if statement.sid == "WriteRawTables"]) :
      !can(regex(":table/", resource)) || endswith(resource, ":table/raw/*")
    ])
    error_message = "Iceberg tables are in the other databases: the crawler must not be able to change one."
  }

  # The crawler may not write data.
  assert {
    condition     = !anytrue([for action in flatten([for statement in data.aws_iam_policy_document.crawler.statement : tolist(statement.actions)]) : can(regex("^s3:(Put|Delete|\\*)", action))])
    error_message = "The crawler only reads the raw zone."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.crawler.statement : statement.sid if contains(statement.resources, "*")] == ["ReadSettings", "SendMetrics"]
    error_message = "Everything the crawler may touch must be named, where the action knows names."
  }

  # The log of the crawler is encrypted.
  assert {
    condition     = aws_glue_crawler.raw.security_configuration == "cartlake-test"
    error_message = "The crawler must use the key."
  }

  # Only Glue of this account takes the role.
  assert {
    condition     = one(one(data.aws_iam_policy_document.assume.statement).principals).identifiers == toset(["glue.amazonaws.com"])
    error_message = "Nothing but Glue may take the role."
  }

  assert {
    condition     = { for one in one(data.aws_iam_policy_document.assume.statement).condition : one.variable => "${one.test} ${join(",", one.values)}" } == { "aws:SourceAccount" = "StringEqualsIfExists 123456789012" }
    error_message = "Glue must not take the role for another account."
  }

  # The role holds what the managed policy of Glue holds.
  assert {
    condition = length(setsubtract(
      ["cloudwatch:PutMetricData", "glue:GetCrawler", "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListAllMyBuckets", "s3:ListBucket"],
      flatten([for statement in data.aws_iam_policy_document.crawler.statement : tolist(statement.actions)]),
    )) == 0
    error_message = "A crawler needs what AWSGlueServiceRole allows."
  }
}

run "a_prefix_lets_two_lakes_share_a_catalog" {
  command = plan

  variables {
    database_prefix = "dev_"
  }

  assert {
    condition     = output.databases["raw"] == "dev_raw" && aws_glue_crawler.raw.database_name == "dev_raw"
    error_message = "Databases and crawler must carry the prefix."
  }
}

run "a_schedule_reaches_the_crawler" {
  command = plan

  variables {
    crawler_schedule = "cron(0 5 * * ? *)"
  }

  assert {
    condition     = aws_glue_crawler.raw.schedule == "cron(0 5 * * ? *)"
    error_message = "The crawler must run by its schedule."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects databases without raw.
    databases = {
      processed = { description = "Checked rows.", location = "s3://test-processed/" }
      ops       = { description = "Runs.", location = "s3://test-quarantine/ops/" }
    }
    # Rejects a schedule Glue cannot read.
    crawler_schedule = "every day"
    # Rejects a crawler of nothing.
    datasets = {}
  }

  expect_failures = [var.databases, var.crawler_schedule, var.datasets]
}

run "rejects_wrong_values_2" {
  command = plan

  variables {
    # Rejects a location that is no folder.
    databases = {
      raw = { description = "Files.", location = "s3://test-raw/incoming" }
      ops = { description = "Runs.", location = "s3://test-quarantine/ops/" }
    }
    # Rejects a dataset that is no folder.
    datasets = { "Trans/actions" = "csv" }
  }

  expect_failures = [var.databases, var.datasets]
}

run "rejects_a_format_that_is_none" {
  command = plan

  variables {
    datasets = { transactions = "xlsx" }
  }

  expect_failures = [var.datasets]
}
