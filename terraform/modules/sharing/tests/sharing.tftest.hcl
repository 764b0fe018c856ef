mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix        = "cartlake-test"
  exports_bucket_arn = "arn:aws:s3:::cartlake-test-exports"
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/test"
  readers = {
    fivetran = { account_id = "834469178297", external_id = "obscure_words", prefix = "curated.sales_daily/" }
    everyone = { account_id = "111122223333", external_id = "other-secret" }
  }
}

run "a_role_is_assumed_with_its_external_id_only" {
  command = plan

  assert {
    condition     = aws_iam_role.reader["fivetran"].name == "cartlake-test-export-reader-fivetran"
    error_message = "Roles must be found under the lake's name and the reader's."
  }

  assert {
    condition = alltrue([
      for name, document in data.aws_iam_policy_document.assume : (
        one(one(document.statement[0].principals).identifiers) == "arn:aws:iam::${var.readers[name].account_id}:root"
        && one(document.statement[0].condition).variable == "sts:ExternalId"
        && one(document.statement[0].condition).values == tolist([var.readers[name].external_id])
      )
    ])
    error_message = "Only the named account, with the external id, may assume the role."
  }

  # A reader sees its prefix and changes nothing.
  assert {
    condition     = toset(flatten([for statement in data.aws_iam_policy_document.reader["fivetran"].statement : statement.actions])) == toset(["kms:Decrypt", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"])
    error_message = "A reader must not be able to write anything."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.reader["fivetran"].statement : one(statement.resources) if statement.sid == "ReadExports"]) == "arn:aws:s3:::cartlake-test-exports/curated.sales_daily/*"
    error_message = "A reader with a prefix must read nothing beside it."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.reader["fivetran"].statement : one(statement.condition).values if statement.sid == "ListExports"]) == tolist(["curated.sales_daily/*"])
    error_message = "A reader with a prefix must list nothing beside it."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.reader["everyone"].statement : one(statement.resources) if statement.sid == "ReadExports"]) == "arn:aws:s3:::cartlake-test-exports/*"
    error_message = "A reader without a prefix reads all exports."
  }
}

run "without_readers_there_are_no_roles" {
  command = plan

  variables {
    readers = {}
  }

  assert {
    condition     = length(aws_iam_role.reader) == 0 && output.reader_role_arns == {}
    error_message = "Sharing must be off by default."
  }
}

run "rejects_an_account_that_is_none" {
  command = plan

  variables {
    readers = { partner = { account_id = "*", external_id = "obscure_words" } }
  }

  expect_failures = [var.readers]
}

run "rejects_an_external_id_that_is_guessed" {
  command = plan

  variables {
    readers = { partner = { account_id = "111122223333", external_id = "" } }
  }

  expect_failures = [var.readers]
}

run "rejects_a_prefix_that_is_a_pattern" {
  command = plan

  variables {
    readers = { partner = { account_id = "111122223333", external_id = "obscure_words", prefix = "*/" } }
  }

  expect_failures = [var.readers]
}
