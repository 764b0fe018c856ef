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
    condition     = keys(output.roles) == ["dev-deploy", "dev-plan"]
    error_message = "Each environment must have a role that plans and one that deploys."
  }
}
