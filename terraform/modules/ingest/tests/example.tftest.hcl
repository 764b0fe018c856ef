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
    condition     = output.function_names == { file_validator = "cartlake-test-file-validator" }
    error_message = "Files must be validated by a function of the lake."
  }
}
