mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix    = "cartlake-test"
  raw_bucket_arn = "arn:aws:s3:::raw"
  datasets       = ["customers", "transactions"]
  kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/test"
  producers = {
    shop = { datasets = ["customers", "transactions"], folder = "shop/", principal_arns = ["arn:aws:iam::123456789012:role/shop"] }
    crm  = { datasets = ["customers"], folder = "crm/", principal_arns = ["arn:aws:iam::123456789012:role/crm"] }
  }
}

run "a_producer_puts_files_into_its_folders_and_nothing_else" {
  command = plan

  assert {
    condition     = { for one in data.aws_iam_policy_document.this["shop"].statement : one.sid => toset(one.resources) if one.sid == "DropFiles" } == { DropFiles = toset(["arn:aws:s3:::raw/incoming/customers/shop/*", "arn:aws:s3:::raw/incoming/transactions/shop/*"]) }
    error_message = "A producer writes below its own folder of its own datasets."
  }

  assert {
    condition     = toset(flatten([for one in data.aws_iam_policy_document.this["shop"].statement : one.actions])) == toset(["kms:Decrypt", "kms:GenerateDataKey", "s3:PutObject"])
    error_message = "A producer reads, lists and deletes nothing."
  }
}

run "rejects_two_producers_of_a_dataset_in_one_folder" {
  command = plan

  variables {
    producers = {
      one = { datasets = ["customers"], principal_arns = ["arn:aws:iam::123456789012:role/a"] }
      two = { datasets = ["customers"], folder = "two/", principal_arns = ["arn:aws:iam::123456789012:role/b"] }
    }
  }

  expect_failures = [var.producers]
}

run "rejects_a_dataset_without_a_contract" {
  command = plan

  variables {
    producers = { one = { datasets = ["nothing"], principal_arns = ["arn:aws:iam::123456789012:role/a"] } }
  }

  expect_failures = [aws_iam_role.this]
}

run "rejects_a_folder_that_is_a_pattern" {
  command = plan

  variables {
    producers = { one = { datasets = ["customers"], folder = "*/", principal_arns = ["arn:aws:iam::123456789012:role/a"] } }
  }

  expect_failures = [var.producers]
}

run "without_producers_there_are_no_roles" {
  command = plan

  variables {
    producers = {}
  }

  assert {
    condition     = length(aws_iam_role.this) == 0
    error_message = "Nothing is made that nobody may use."
  }
}
