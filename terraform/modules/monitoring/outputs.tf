output "alarm_names" {
  description = "Names of the alarms, without the composite one."
  value       = sort(values(aws_cloudwatch_metric_alarm.this)[*].alarm_name)
}
