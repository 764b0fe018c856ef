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
    condition     = output.topic_arns == { alerts = "arn:aws:sns:eu-west-1:123456789012:mock" }
    error_message = "The topic must be known to those that alert."
  }
}
