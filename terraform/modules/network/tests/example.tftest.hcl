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
    condition     = length(output.network.subnet_ids) == 2 && length(output.network.security_group_ids) == 1
    error_message = "Functions and jobs run in two zones and one security group."
  }
}
