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
    condition     = output.calls["maintenance"].expression == "cron(30 3 * * ? *)"
    error_message = "The schedule must be the one given."
  }
}
