# The example in examples/basic, applied as it stands to a mocked AWS.
mock_provider "aws" {
  source = "../../fixtures/mocks"
}

override_resource {
  target = module.workflows.module.state_machine["ingest"].aws_sfn_state_machine.this
  values = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest" }
}

override_resource {
  target = module.workflows.module.state_machine["forecast"].aws_sfn_state_machine.this
  values = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-forecast" }
}

override_resource {
  target = module.workflows.module.state_machine["maintenance"].aws_sfn_state_machine.this
  values = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-maintenance" }
}

override_resource {
  target = module.workflows.module.state_machine["refresh"].aws_sfn_state_machine.this
  values = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh" }
}

run "the_example_applies" {
  command = apply

  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.state_machine_arns == { for machine in ["forecast", "ingest", "maintenance", "refresh"] : machine => "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-${machine}" }
    error_message = "There must be four machines."
  }
}
