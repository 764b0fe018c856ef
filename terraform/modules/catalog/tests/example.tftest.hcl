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
    condition     = output.databases == { ops = "ops", processed = "processed", raw = "raw" }
    error_message = "Databases are called what the contracts call them."
  }
}
