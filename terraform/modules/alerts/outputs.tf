output "topic_arn" {
  description = "Topic of alarms and failed runs."
  value       = aws_sns_topic.this.arn
}
