mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix = "cartlake-test"
  names       = ["lineage", "shopify"]
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/test"
}

run "secrets_are_named_encrypted_and_can_be_restored" {
  command = plan

  assert {
    condition     = toset([for secret in aws_secretsmanager_secret.this : secret.name]) == toset(["cartlake-test/lineage", "cartlake-test/shopify"])
    error_message = "Secrets must be found under the lake's name."
  }

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == var.kms_key_arn && secret.recovery_window_in_days == 7])
    error_message = "The key of the lake encrypts them, and a week passes before one is gone."
  }
}

run "without_names_there_are_none" {
  command = plan

  variables {
    names = []
  }

  assert {
    condition     = length(aws_secretsmanager_secret.this) == 0
    error_message = "A secret costs 40 cents a month: none is made unasked."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a value in place of a name.
    names = ["S3cr3t/Value+=="]
    # Rejects a window that there is not.
    recovery_window_days = 3
  }

  expect_failures = [var.names, var.recovery_window_days]
}
