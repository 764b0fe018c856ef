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
    condition     = output.names == ["clicks", "orders", "stock"]
    error_message = "Every dataset that files are dropped for must be found."
  }
}
