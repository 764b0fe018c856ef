mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix        = "cartlake-test"
  monthly_budget_usd = 50
  anomaly_usd        = 10
  tag                = { key = "Environment", value = "test" }
  topic_arn          = "arn:aws:sns:eu-west-1:123456789012:t"
}

run "the_budget_counts_this_lake_and_tells_the_topic" {
  command = plan

  assert {
    condition     = aws_budgets_budget.this["monthly"].limit_amount == "50" && [for filter in aws_budgets_budget.this["monthly"].cost_filter : join(" ", filter.values)] == ["user:Environment$test"]
    error_message = "The budget must count what carries the lake's tag."
  }

  assert {
    condition     = { for notification in aws_budgets_budget.this["monthly"].notification : notification.notification_type => notification.threshold } == { ACTUAL = 80, FORECASTED = 100 } && alltrue([for notification in aws_budgets_budget.this["monthly"].notification : notification.subscriber_sns_topic_arns == toset([var.topic_arn])])
    error_message = "The alert must come before the money is spent."
  }
}

run "an_anomaly_of_this_lake_is_told_at_once" {
  command = apply

  assert {
    condition     = jsondecode(aws_ce_anomaly_monitor.this["anomalies"].monitor_specification).Tags == { Key = "Environment", MatchOptions = null, Values = ["test"] }
    error_message = "The monitor must watch what carries the lake's tag."
  }

  assert {
    condition     = aws_ce_anomaly_subscription.this["anomalies"].frequency == "IMMEDIATE" && one(aws_ce_anomaly_subscription.this["anomalies"].subscriber).address == var.topic_arn && [for dimension in aws_ce_anomaly_subscription.this["anomalies"].threshold_expression[0].dimension : join(" ", dimension.values)] == ["10"]
    error_message = "An anomaly above the amount must reach the topic."
  }
}

run "nothing_is_watched_unless_asked" {
  command = plan

  variables {
    monthly_budget_usd = null
    anomaly_usd        = null
  }

  assert {
    condition     = output.names == []
    error_message = "Both are optional."
  }
}

run "rejects_a_budget_of_nothing" {
  command = plan

  variables {
    monthly_budget_usd = 0
  }

  expect_failures = [var.monthly_budget_usd]
}

run "rejects_an_anomaly_of_nothing" {
  command = plan

  variables {
    anomaly_usd = 0
  }

  expect_failures = [var.anomaly_usd]
}
