mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix = "cartlake-test"
}

run "the_key_is_named_and_rotates" {
  command = plan

  assert {
    condition     = aws_kms_alias.this.name == "alias/cartlake-test"
    error_message = "The key must be found under the name of the lake."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key must rotate, and a deleted one must be restorable."
  }

  # Only services without a role are allowed.
  assert {
    condition     = [for statement in data.aws_iam_policy_document.key.statement : statement.sid if contains(statement.actions, "kms:*")] == ["LetIamOfThisAccountDecide"]
    error_message = "Nobody but the account itself may administer the key."
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.key.statement : length(statement.condition) == 1 if statement.sid != "LetIamOfThisAccountDecide"])
    error_message = "A service may use the key for this account only."
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.key.statement : statement.sid => join(" ", sort(one(statement.principals).identifiers)) if statement.sid != "LetIamOfThisAccountDecide" } == {
      AlarmsToTopic              = "budgets.amazonaws.com cloudwatch.amazonaws.com costalerts.amazonaws.com"
      DistributionsOfThisAccount = "cloudfront.amazonaws.com"
      LogDeliveryOfStateMachines = "delivery.logs.amazonaws.com"
      LogGroupsOfThisAccount     = "logs.eu-west-1.amazonaws.com"
      RulesToQueues              = "events.amazonaws.com"
      UndeliveredToQueues        = "sns.amazonaws.com"
    }
    error_message = "Only services that use the key without a role may be named, each with a condition."
  }

  # Jobs and crawlers encrypt all they write.
  assert {
    condition     = aws_glue_security_configuration.this.encryption_configuration[0].s3_encryption[0].s3_encryption_mode == "SSE-KMS" && aws_glue_security_configuration.this.encryption_configuration[0].cloudwatch_encryption[0].cloudwatch_encryption_mode == "SSE-KMS"
    error_message = "Files and logs of Glue must be encrypted."
  }
}

run "rejects_a_window_kms_does_not_have" {
  command = plan

  variables {
    deletion_window_days = 3
  }

  expect_failures = [var.deletion_window_days]
}
