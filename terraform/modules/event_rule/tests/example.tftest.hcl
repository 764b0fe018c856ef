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
    condition     = output.arn == "arn:aws:events:eu-west-1:123456789012:rule/mock"
    error_message = "The rule must exist."
  }
}
