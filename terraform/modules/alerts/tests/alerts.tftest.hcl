mock_provider "aws" {
  source = "../../fixtures/mocks"

  mock_resource "aws_sns_topic" {
    override_during = plan
    defaults        = { arn = "arn:aws:sns:eu-west-1:123456789012:cartlake-test-alerts" }
  }
}

variables {
  name_prefix = "cartlake-test"
  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
    event_bus             = "cartlake-test"
    grants                = { UseLedger = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] } }
  }
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
    condition     = aws_sns_topic.this["alerts"].kms_master_key_id == var.kms_key_arn
    error_message = "Alerts must be encrypted."
  }

  assert {
    condition     = contains([for statement in data.aws_iam_policy_document.this["alerts"].statement : statement.sid], "DenyPlainHttp")
    error_message = "The topic must refuse plain HTTP."
  }

  # Rejected files reach somebody by a function that may only publish and count.
  assert {
    condition     = output.function_names == { notifier = "cartlake-test-notifier" }
    error_message = "A function of the lake must send the mails."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.pagerduty) == 0 && length(aws_chatbot_slack_channel_configuration.this) == 0 && length(module.undelivered) == 0
    error_message = "Without being asked for, only mails are sent."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects what is no address.
    emails = ["oncall"]
    # Rejects pages without the alarm that pages.
    pagerduty_url = "https://events.pagerduty.com/integration/abc/enqueue"
    # Rejects the name of a channel.
    slack = { team_id = "T0123ABCD", channel_id = "#alerts" }
  }

  expect_failures = [var.emails, var.pagerduty_url, var.slack]
}

run "pagerduty_gets_pages_and_what_it_does_not_take_is_kept" {
  command = plan

  variables {
    pages         = true
    pagerduty_url = "https://events.pagerduty.com/integration/abc/enqueue"
  }

  assert {
    condition     = aws_sns_topic_subscription.pagerduty[0].protocol == "https" && aws_sns_topic_subscription.pagerduty[0].endpoint == var.pagerduty_url
    error_message = "PagerDuty takes notifications over HTTPS."
  }

  assert {
    condition     = output.undelivered_queues == { pages = "cartlake-test-undelivered-pages" }
    error_message = "A page that was not delivered must be kept where an alarm looks."
  }
}

run "slack_shows_alarms_and_may_do_nothing" {
  command = plan

  variables {
    slack = { team_id = "T0123ABCD", channel_id = "C0123ABCD" }
  }

  assert {
    condition     = aws_chatbot_slack_channel_configuration.this[0].sns_topic_arns == toset([aws_sns_topic.this["alerts"].arn]) && endswith(one(aws_chatbot_slack_channel_configuration.this[0].guardrail_policy_arns), "/AWSDenyAll")
    error_message = "The channel shows alarms, and nobody acts from there."
  }
}
