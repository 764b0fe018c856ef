resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = {
    (aws_sqs_queue.incoming_dlq.name) = "A dropped file could not be validated after ${var.queue.max_receive_count} deliveries. Redrive it once the cause is gone."
    (aws_sqs_queue.events_dlq.name)   = "An event could not be delivered or handled. The message holds the event and the reason."
  }

  alarm_name          = "${each.key}-not-empty"
  alarm_description   = each.value
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = { QueueName = each.key }
}

resource "aws_cloudwatch_metric_alarm" "waiting" {
  alarm_name          = "${aws_sqs_queue.incoming.name}-waiting"
  alarm_description   = "A dropped file has waited more than ${var.queue.maximum_wait_minutes} minutes to be validated."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.queue.maximum_wait_minutes * 60
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = { QueueName = aws_sqs_queue.incoming.name }
}
