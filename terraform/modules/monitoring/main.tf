data "aws_region" "current" {}

locals {
  is_full = var.level == "full"

  # Of our own metrics: lambdas/shared/metric_names.py. Those of the lake as a whole have one dimension.
  ours = { namespace = var.namespace, dimensions = { service = "lake" } }

  # What every lake has: thirteen alarms. Functions and state machines have none of their own here, because an error that
  # no retry repaired ends in a failed run or in a queue of dead letters.
  small = merge(
    {
      oldest-message = {
        runbook     = "oldest-message"
        meaning     = "A dropped file has waited more than ${var.thresholds.maximum_wait_minutes} minutes to be validated."
        namespace   = "AWS/SQS"
        metric      = "ApproximateAgeOfOldestMessage"
        dimensions  = { QueueName = var.queues.incoming }
        statistic   = "Maximum"
        threshold   = var.thresholds.maximum_wait_minutes * 60
        period      = 60
        tells_of_ok = true
        page        = true
      }
      runs-failed = merge(local.ours, {
        runbook   = "failed-runs"
        meaning   = "A run failed, timed out or was aborted."
        metric    = "RunsFailed"
        statistic = "Sum"
        page      = true
      })
      runs-stuck = merge(local.ours, {
        runbook   = "stuck-runs"
        meaning   = "A run has been at work for more than four hours."
        metric    = "RunsStuck"
        statistic = "Maximum"
        period    = 3600
        page      = true
      })
      jobs-failed = merge(local.ours, {
        runbook   = "failed-jobs"
        meaning   = "A Glue job ended without reporting to its run, and not because of Glue itself."
        metric    = "JobsFailed"
        statistic = "Sum"
      })
      lost-events = merge(local.ours, {
        runbook   = "lost-events"
        meaning   = "A sweep found files that were not in the ledger, runs whose execution is gone, or work that no run had started. It has them loaded."
        metric    = "SweepFound"
        statistic = "Sum"
        period    = 3600
      })
      quarantine-rate = merge(local.ours, {
        runbook   = "quarantine-rate"
        meaning   = "More than ${var.thresholds.quarantine_percent} % of the rows of a run were refused."
        metric    = "QuarantinePercent"
        statistic = "Maximum"
        threshold = var.thresholds.quarantine_percent
      })
      reconciliation = merge(local.ours, {
        runbook   = "reconciliation"
        meaning   = "The rows of a run do not add up: read is not published + quarantined + duplicate."
        metric    = "ReconciliationMismatches"
        statistic = "Sum"
        page      = true
      })
      unusual-rows = merge(local.ours, {
        runbook   = "unusual-rows"
        meaning   = "Yesterday's rows, or refused rows, of a dataset were far from those of the four weeks before."
        metric    = "DatasetsUnusual"
        statistic = "Maximum"
        period    = 3600
      })
      query-bytes = merge(local.ours, {
        runbook   = "query-bytes"
        meaning   = "Queries scanned more than ${var.thresholds.query_gb_a_day} GB in a day."
        metric    = "QueryBytes"
        statistic = "Sum"
        threshold = var.thresholds.query_gb_a_day * 1000000000
        period    = 86400
      })
      # Of all functions of the account in this region: they share one limit of concurrency. What is throttled is called
      # again, so only half an hour of it is an alarm.
      throttles = {
        runbook    = "throttles"
        meaning    = "Lambda has throttled functions of this account for half an hour."
        namespace  = "AWS/Lambda"
        metric     = "Throttles"
        dimensions = {}
        statistic  = "Sum"
        period     = 300
        periods    = 6
      }
    },
    {
      for name, queue in var.queues.dead_letters : "dead-letters-${name}" => {
        runbook     = "dead-letters"
        meaning     = "Queue ${queue} holds what could not be delivered or handled."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = queue }
        statistic   = "Maximum"
        period      = 60
        tells_of_ok = true
        page        = true
      }
    },
    {
      for name in ["stream-lag"] : name => merge(local.ours, {
        runbook     = "stream-lag"
        meaning     = "A read of a stream ran out of time before it had reached the end of its topic."
        metric      = "StreamLag"
        statistic   = "Maximum"
        period      = 3600
        tells_of_ok = true
      }) if var.reads_streams
    },
    {
      for name in ["stream-lost"] : name => merge(local.ours, {
        runbook   = "stream-lost"
        meaning   = "Messages of a topic were deleted before the lake had read them."
        metric    = "StreamOffsetsLost"
        statistic = "Sum"
        page      = true
      }) if var.reads_streams
    },
    {
      # No news is bad news here: without a sweep in two hours the alarm is on as well.
      for name in ["overdue"] : name => merge(local.ours, {
        runbook     = "overdue"
        meaning     = "A dataset had no success within the freshness SLA of its contract, or no sweep has looked for two hours."
        metric      = "DatasetsOverdue"
        statistic   = "Maximum"
        period      = 7200
        missing     = "breaching"
        tells_of_ok = true
        page        = true
      }) if var.watched_by_sweep
    },
  )

  # An alarm of its own for each promise, function and state machine: what is on is named in the first line of the mail.
  full = merge(
    {
      for dataset in var.datasets.promised : "overdue-${dataset}" => {
        runbook    = "overdue"
        meaning    = "Dataset ${dataset} had no success within the freshness SLA of its contract."
        namespace  = var.namespace
        metric     = "DatasetsOverdue"
        dimensions = { service = "lake", dataset = dataset }
        statistic  = "Maximum"
        period     = 7200
      } if local.is_full && var.watched_by_sweep
    },
    {
      # Not job_starter: it raises GlueConcurrencyError for up to an hour while Glue has no room, as is expected. Errors
      # that are retried with success end within a quarter of an hour.
      for folder, name in var.functions : "errors-${replace(folder, "_", "-")}" => {
        runbook    = "function-errors"
        meaning    = "${name} has raised errors for a quarter of an hour."
        namespace  = "AWS/Lambda"
        metric     = "Errors"
        dimensions = { FunctionName = name }
        statistic  = "Sum"
        period     = 300
        periods    = 3
      } if local.is_full && folder != "job_starter"
    },
    {
      for pair in setproduct(keys(var.state_machine_arns), ["Aborted", "Failed", "TimedOut"]) : "executions-${pair[0]}-${lower(pair[1])}" => {
        runbook    = "failed-runs"
        meaning    = "An execution of ${pair[0]} failed, timed out or was aborted."
        namespace  = "AWS/States"
        metric     = "Executions${pair[1]}"
        dimensions = { StateMachineArn = var.state_machine_arns[pair[0]] }
        statistic  = "Sum"
        period     = 60
      } if local.is_full
    },
  )

  alarms = { for name, alarm in merge(local.small, local.full) : name => merge({ threshold = 0, period = 60, periods = 1, missing = "notBreaching", tells_of_ok = false, page = false }, alarm) }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name_prefix}-${each.key}"
  alarm_description   = "${each.value.meaning} What to do: ${var.runbooks_url}/${each.value.runbook}.md"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.topic_arns["alerts"]]
  ok_actions          = each.value.tells_of_ok ? [var.topic_arns["alerts"]] : []
}

# What wakes somebody up, as one alarm: it is on while any of them is, so one fault is one page.
resource "aws_cloudwatch_composite_alarm" "page" {
  for_each = toset(var.level == "small" ? [] : ["page"])

  alarm_name        = "${var.name_prefix}-${each.key}"
  alarm_description = "The lake needs somebody now. The alarms that are on say what to do: ${var.runbooks_url}/page.md"
  alarm_rule        = join(" OR ", sort([for name, alarm in local.alarms : "ALARM(\"${aws_cloudwatch_metric_alarm.this[name].alarm_name}\")" if alarm.page]))
  alarm_actions     = [var.topic_arns["pages"]]
  ok_actions        = [var.topic_arns["pages"]]
}

# Is it fresh, is it right, what does it cost, what is stuck.
resource "aws_cloudwatch_dashboard" "this" {
  for_each = toset(local.is_full ? ["lake"] : [])

  dashboard_name = "${var.name_prefix}-${each.key}"
  dashboard_body = templatefile("${path.module}/dashboard.json.tftpl", { namespace = var.namespace, region = data.aws_region.current.name, queues = var.queues, promised = var.datasets.promised, datasets = var.datasets.dropped })
}
