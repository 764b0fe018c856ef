module "event_rule" {
  source = "../.."

  name_prefix       = "cartlake-test"
  rule              = "file-validated"
  description       = "A dropped file is good."
  event_bus         = "cartlake-test"
  event             = { source = "cartlake", detail_type = "FileValidated", detail = { dataset = ["orders"] } }
  function          = { folder = "run_coordinator", name = "cartlake-test-run-coordinator", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator:live" }
  failure_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q"
}

output "arn" {
  description = "ARN of the rule."
  value       = module.event_rule.arn
}
