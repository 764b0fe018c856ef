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
    condition     = output.template_key == "emr_jobs/cartlake-test-table-refresh.json"
    error_message = "A template is found by the name of its job."
  }
}
