module "state_machine" {
  source = "../.."

  name_prefix      = "cartlake-test"
  machine          = "ingest"
  arn              = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"
  definition_path  = "${path.module}/../../tests/load.asl.json"
  function_arns    = { claim = "arn:aws:lambda:eu-west-1:123456789012:function:claim", judge = "arn:aws:lambda:eu-west-1:123456789012:function:judge" }
  placeholders     = { environment = "test" }
  glue_job         = { steps = ["Load"], timeout_minutes = 60 }
  alerts_topic_arn = "arn:aws:sns:eu-west-1:123456789012:t"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

output "arn" {
  description = "ARN of the state machine."
  value       = module.state_machine.arn
}
