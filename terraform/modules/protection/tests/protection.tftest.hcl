mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  enabled   = true
  protected = { key = "arn:aws:kms:eu-west-1:123456789012:key/k", ledger = "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger" }
}

# That a guard refuses can be seen in a plan of destruction only: tests/integration/test_protection.py.
run "each_thing_has_a_guard" {
  command = plan

  assert {
    condition     = output.prevents_destroy == ["key", "ledger"]
    error_message = "Each protected thing must have a guard of its own, so that more can be added later."
  }
}

run "an_unprotected_lake_has_none" {
  command = plan

  variables {
    enabled = false
  }

  assert {
    condition     = output.prevents_destroy == []
    error_message = "An environment that is not protected must stay destroyable."
  }
}

run "rejects_protecting_nothing" {
  command = plan

  variables {
    protected = {}
  }

  expect_failures = [var.protected]
}
