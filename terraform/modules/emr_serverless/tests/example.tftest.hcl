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
    condition     = output.application.log_group.name == "/aws/emr-serverless/cartlake-test-spark"
    error_message = "The log group carries the name of the lake."
  }
}
