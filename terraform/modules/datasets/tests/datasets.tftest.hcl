mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  contracts_dir = "tests/contracts"
}

run "only_datasets_that_files_are_dropped_for" {
  command = plan

  assert {
    condition     = output.names == ["clicks", "orders", "stock"]
    error_message = "Tables that are built, and the lake's own, get no files."
  }

  # Retention is what the contract says in days.
  assert {
    condition     = output.retention_days == { clicks = 90, orders = 3650 }
    error_message = "Years have 365 days; a contract without retention keeps its files for ever."
  }

  # Promised are those with a freshness SLA.
  assert {
    condition     = output.promised == ["orders"]
    error_message = "Only a freshness SLA is watched, not one of retention."
  }

  # Formats are those of the contract.
  assert {
    condition     = output.formats == { clicks = ["csv", "jsonl", "parquet"], orders = ["jsonl", "csv"], stock = ["csv", "jsonl", "parquet"] }
    error_message = "A contract that does not say takes all formats."
  }

  # Columns are protected by tag and by every unknown classification.
  assert {
    condition     = toset(output.protected_columns["curated.people"]) == toset(["email", "note"])
    error_message = "The tag pii protects, and so does every classification but public and internal."
  }

  assert {
    condition     = length(output.protected_columns["processed.orders"]) == 0
    error_message = "A table without a physical name is in processed."
  }
}

run "rejects_an_unknown_unit" {
  command = plan

  variables {
    contracts_dir = "tests/wrong_unit"
  }

  expect_failures = [output.retention_days]
}

run "rejects_half_a_day" {
  command = plan

  variables {
    contracts_dir = "tests/half_day"
  }

  expect_failures = [output.retention_days]
}

run "rejects_a_folder_without_contracts" {
  command = plan

  variables {
    contracts_dir = "tests"
  }

  expect_failures = [var.contracts_dir]
}
