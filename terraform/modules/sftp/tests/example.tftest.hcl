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
    condition     = output.function_names == { sftp_reader = "cartlake-test-sftp-reader" }
    error_message = "SFTP servers must be read by a function of the lake."
  }
}
