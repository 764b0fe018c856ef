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
    condition     = output.jobs["dataset_etl"].name == "cartlake-test-dataset-etl"
    error_message = "Jobs carry the name of the lake."
  }
}
