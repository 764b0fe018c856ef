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
    condition     = output.buckets["raw"].name == "cartlake-test-123456789012-eu-west-1-raw"
    error_message = "Buckets carry the names of lake, account, region and zone."
  }
}
