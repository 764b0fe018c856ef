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
    condition     = output.secrets["lineage"].name == "cartlake-test/lineage"
    error_message = "A secret is found under the lake's name and its own."
  }
}
