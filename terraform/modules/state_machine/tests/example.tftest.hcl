# The example in examples/basic, applied as it stands to a mocked AWS.
mock_provider "aws" {
  source = "../../fixtures/mocks"
}

run "the_example_applies" {
  command = apply

  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.arn == "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"
    error_message = "The machine must have the ARN its callers were given."
  }
}
