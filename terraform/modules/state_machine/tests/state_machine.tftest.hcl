mock_provider "aws" {
  source = "../../fixtures/mocks"

  mock_resource "aws_sfn_state_machine" {
    override_during = plan
    defaults        = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest" }
  }
}

variables {
  name_prefix      = "cartlake-test"
  machine          = "ingest"
  arn              = "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"
  definition_path  = "tests/load.asl.json"
  function_arns    = { claim = "arn:aws:lambda:eu-west-1:123456789012:function:claim", judge = "arn:aws:lambda:eu-west-1:123456789012:function:judge" }
  placeholders     = { environment = "test" }
  glue_job         = { steps = ["Load"], timeout_minutes = 60 }
  alerts_topic_arn = "arn:aws:sns:eu-west-1:123456789012:t"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

run "the_machine_is_rendered_whole" {
  command = plan

  assert {
    condition     = !strcontains(aws_sfn_state_machine.this.definition, "$${")
    error_message = "Every placeholder must be filled."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Tell.Parameters.TopicArn == var.alerts_topic_arn
    error_message = "Failures must go to the alerts topic."
  }

  # The machine is traced, logged and encrypted.
  assert {
    condition     = aws_sfn_state_machine.this.tracing_configuration[0].enabled && aws_sfn_state_machine.this.logging_configuration[0].level == "ALL" && !aws_sfn_state_machine.this.logging_configuration[0].include_execution_data
    error_message = "Every execution must leave a trace and a log."
  }

  assert {
    condition     = aws_sfn_state_machine.this.encryption_configuration[0].kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "Execution data must be encrypted with the key of the lake."
  }

  # The machine may call its steps only.
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement.resources if statement.sid == "CallSteps"]) == toset([var.function_arns["claim"]])
    error_message = "A machine may call the functions its definition names, and no other."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.this.statement : statement.sid if contains(statement.resources, "*")] == ["DeliverLogs", "SendTraces"]
    error_message = "Wildcards are for the services that know no resources."
  }

  # Only this machine takes the role.
  assert {
    condition = { for one in one(data.aws_iam_policy_document.assume.statement).condition : one.variable => "${one.test} ${join(",", one.values)}" } == {
      "aws:SourceAccount" = "StringEquals 123456789012"
      "aws:SourceArn"     = "ArnLike ${var.arn}"
    }
    error_message = "Step Functions must take the role for this machine of this account only."
  }
}

run "rejects_a_job_that_outlives_its_step" {
  command = plan

  variables {
    glue_job = { steps = ["Load"], timeout_minutes = 120 }
  }

  expect_failures = [aws_sfn_state_machine.this]
}

run "rejects_a_machine_with_another_arn" {
  command = plan

  variables {
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:another"
  }

  expect_failures = [aws_sfn_state_machine.this]
}

run "rejects_a_file_without_states" {
  command = plan

  variables {
    definition_path = "tests/example.tftest.hcl"
  }

  expect_failures = [var.definition_path]
}
