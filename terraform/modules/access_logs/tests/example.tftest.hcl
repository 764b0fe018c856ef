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
    condition     = output.bucket == "cartlake-test-123456789012-eu-west-1-access-logs"
    error_message = "The bucket must carry account and region."
  }
}
