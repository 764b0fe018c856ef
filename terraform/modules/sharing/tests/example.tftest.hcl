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
    condition     = output.reader_role_arns == { partner = "arn:aws:iam::123456789012:role/mock" }
    error_message = "Each reader needs a role."
  }
}
