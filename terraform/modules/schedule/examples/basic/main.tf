module "schedule" {
  source = "../.."

  shared = {
    name_prefix       = "cartlake-test"
    kms_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q"
  }
  role      = "scheduler"
  function  = { folder = "run_coordinator", arn = "arn:aws:lambda:eu-west-1:123456789012:function:f" }
  schedules = { maintenance = { expression = "cron(30 3 * * ? *)", description = "Checks all tables.", input = jsonencode({ action = "maintain" }) } }
}

output "calls" {
  description = "When the function is called, and with what."
  value       = module.schedule.calls
}
