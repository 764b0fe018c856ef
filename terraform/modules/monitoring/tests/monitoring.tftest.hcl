mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix = "cartlake-test"
  namespace   = "Cartlake/cartlake-test"
  topic_arns  = { alerts = "arn:aws:sns:eu-west-1:123456789012:cartlake-test-alerts", pages = "arn:aws:sns:eu-west-1:123456789012:cartlake-test-pages" }
  queues      = { incoming = "cartlake-test-incoming", dead_letters = { incoming = "cartlake-test-incoming-dlq", events = "cartlake-test-events-dlq" } }
  datasets    = { promised = ["transactions"] }
  functions   = { job_starter = "cartlake-test-job-starter", batch_claimer = "cartlake-test-batch-claimer" }

  state_machine_arns = { ingest = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest" }
}

run "a_small_lake_has_an_alarm_for_each_kind_of_trouble" {
  command = plan

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["dead-letters-events", "dead-letters-incoming", "jobs-failed", "lost-events", "oldest-message", "overdue", "quarantine-rate", "query-bytes", "reconciliation", "runs-failed", "runs-stuck", "throttles", "unusual-rows"]
    error_message = "Each kind of trouble needs its alarm, and no more than one: alarms are billed."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([var.topic_arns["alerts"]]) && alarm.alarm_name == "cartlake-test-${name}"])
    error_message = "Every alarm must reach the topic."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : can(regex("docs/alarms/[a-z-]+\\.md$", alarm.alarm_description))])
    error_message = "Every alarm must name its runbook."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["overdue"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["overdue"].period > 3600
    error_message = "Without a sweep nobody knows what is overdue; sweeps are an hour apart."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching" if name != "overdue"])
    error_message = "A quiet lake must raise no alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["throttles"].period * aws_cloudwatch_metric_alarm.this["throttles"].evaluation_periods >= 1800
    error_message = "Throttled calls are tried again: only lasting ones are an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["oldest-message"].threshold == 1800 && aws_cloudwatch_metric_alarm.this["dead-letters-incoming"].dimensions == tomap({ QueueName = "cartlake-test-incoming-dlq" })
    error_message = "A file may wait for half an hour; one dead letter is enough."
  }

  assert {
    condition     = length(aws_cloudwatch_composite_alarm.page) == 0
    error_message = "A small lake pages nobody."
  }
}

run "a_full_one_also_watches_each_dataset_function_and_machine" {
  command = plan

  variables {
    level        = "full"
    runbooks_url = "https://docs.example.com/runbooks"
    thresholds   = { quarantine_percent = 5, query_gb_a_day = 2 }
  }

  assert {
    condition     = setsubtract(keys(aws_cloudwatch_metric_alarm.this), keys(local.small)) == toset(["errors-batch-claimer", "executions-ingest-aborted", "executions-ingest-failed", "executions-ingest-timedout", "overdue-transactions"])
    error_message = "job_starter raises GlueConcurrencyError as is expected, so it has no alarm on errors."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["overdue-transactions"].dimensions == tomap({ service = "lake", dataset = "transactions" }) && aws_cloudwatch_metric_alarm.this["errors-batch-claimer"].evaluation_periods == 3
    error_message = "Each promise has its alarm; errors that a retry repairs have none."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["quarantine-rate"].threshold == 5 && aws_cloudwatch_metric_alarm.this["query-bytes"].threshold == 2000000000
    error_message = "Thresholds must be those given."
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.page["page"].alarm_rule == "ALARM(\"cartlake-test-dead-letters-events\") OR ALARM(\"cartlake-test-dead-letters-incoming\") OR ALARM(\"cartlake-test-oldest-message\") OR ALARM(\"cartlake-test-overdue\") OR ALARM(\"cartlake-test-reconciliation\") OR ALARM(\"cartlake-test-runs-failed\") OR ALARM(\"cartlake-test-runs-stuck\")"
    error_message = "What wakes somebody up is what cannot wait until morning."
  }
}

run "a_dashboard_of_a_full_lake_answers_four_questions" {
  command = plan

  variables {
    level    = "full"
    datasets = { dropped = ["transactions", "vendors"], promised = ["transactions"] }
  }

  assert {
    condition     = join(", ", distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this["lake"].dashboard_body).widgets : split(":", widget.properties.title)[0]])) == "Is it fresh, Is it right, What does it cost, What is stuck, Rows published"
    error_message = "The dashboard must say whether data is fresh and right, what it costs, and what is stuck."
  }

  assert {
    condition     = join(" ", jsondecode(aws_cloudwatch_dashboard.this["lake"].dashboard_body).widgets[0].properties.metrics[0]) == "Cartlake/cartlake-test HoursSinceSuccess service lake dataset transactions"
    error_message = "Each promise must be shown."
  }
}

run "without_sweeps_nobody_says_what_is_overdue" {
  command = plan

  variables {
    level            = "full"
    watched_by_sweep = false
  }

  assert {
    condition     = length([for name in keys(aws_cloudwatch_metric_alarm.this) : name if startswith(name, "overdue")]) == 0
    error_message = "An alarm on what nobody measures would be on for ever."
  }
}

run "streams_have_alarms_where_there_are_any" {
  command = plan

  variables {
    reads_streams = true
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["stream-lag"].metric_name == "StreamLag" && aws_cloudwatch_metric_alarm.this["stream-lost"].metric_name == "StreamOffsetsLost"
    error_message = "A reader that is too slow, and messages that are lost, must be alarms."
  }
}

run "without_streams_there_is_no_alarm_about_them" {
  command = plan

  assert {
    condition     = length([for name in keys(aws_cloudwatch_metric_alarm.this) : name if startswith(name, "stream")]) == 0
    error_message = "An alarm on what nobody reads would be on for ever."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a level that is none.
    level = "medium"
    # Rejects an address of runbooks that would have two slashes.
    runbooks_url = "https://docs.example.com/"
    # Rejects a threshold of nothing.
    thresholds = { query_gb_a_day = 0 }
  }

  expect_failures = [var.level, var.runbooks_url, var.thresholds]
}

run "rejects_pages_without_their_topic" {
  command = plan

  variables {
    level      = "full"
    topic_arns = { alerts = "arn:aws:sns:eu-west-1:123456789012:cartlake-test-alerts" }
  }

  expect_failures = [var.topic_arns]
}
