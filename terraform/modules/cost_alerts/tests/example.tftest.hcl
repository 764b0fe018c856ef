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
    condition     = output.names == ["cartlake-test-monthly", "cartlake-test-anomalies"]
    error_message = "There must be a budget and a monitor."
  }
}
