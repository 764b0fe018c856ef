output "calls" {
  description = "When each schedule calls the function, and the event the function gets."
  value       = { for name, schedule in aws_scheduler_schedule.this : name => { expression = schedule.schedule_expression, input = schedule.target[0].input } }
}
