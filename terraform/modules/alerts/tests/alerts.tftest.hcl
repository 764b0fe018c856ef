mock_provider "aws" {
  source = "../../fixtures/mocks"

  mock_resource "aws_sns_topic" {
    override_during = plan
    defaults        = { arn = "arn:aws:sns:eu-west-1:123456789012:cartlake-test-alerts" }
  }
}

variables {
  name_prefix = "cartlake-test"
  emails      = ["oncall@example.com"]
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

run "each_address_is_subscribed_to_an_encrypted_topic" {
  command = plan

  assert {
    condition     = aws_sns_topic_subscription.email["oncall@example.com"].protocol == "email"
    error_message = "Each address must be subscribed."
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.kms_key_arn
    error_message = "Alerts must be encrypted."
  }

  assert {
    condition     = contains([for statement in data.aws_iam_policy_document.this.statement : statement.sid], "DenyPlainHttp")
    error_message = "The topic must refuse plain HTTP."
  }
}

run "rejects_what_is_no_address" {
  command = plan

  variables {
    emails = ["oncall"]
  }

  expect_failures = [var.emails]
}
