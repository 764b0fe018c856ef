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
    condition     = output.function_names == { lake_sweeper = "cartlake-test-lake-sweeper" }
    error_message = "Forgotten files must be found by a function of the lake."
  }
}
