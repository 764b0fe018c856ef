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
    condition     = length(output.alarm_names) == 13 && contains(output.alarm_names, "cartlake-test-overdue")
    error_message = "A small lake has its alarms."
  }
}
