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
    condition     = toset(keys(output.role_arns)) == toset(["crm"])
    error_message = "Each producer needs a role."
  }
}
