mock_provider "aws" {
  source = "../../fixtures/mocks"

  mock_resource "aws_cloudwatch_log_group" {
    override_during = plan
    defaults        = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/test" }
  }
}

variables {
  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1", light = "arn:aws:lambda:eu-west-1:123456789012:layer:light:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
  }
  function    = "run_coordinator"
  description = "Starts runs."
  layers      = ["cartlake", "arrow"]
  statements = {
    UseLedger = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
  }
  environment_variables = { GATHER_SECONDS = "60" }
}

run "a_function_of_the_light_engine_gets_the_python_of_its_layer_and_its_disk" {
  command = plan

  variables {
    layers = ["light"]
    tmp_mb = 2048
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "python3.13" && aws_lambda_function.this.ephemeral_storage[0].size == 2048
    error_message = "The layer light holds compiled modules of Python 3.13, and DuckDB spills to /tmp."
  }
}

run "other_functions_run_on_the_python_of_theirs" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.runtime == "python3.11" && aws_lambda_function.this.ephemeral_storage[0].size == 512
    error_message = "The layers cartlake and arrow hold compiled modules of Python 3.11."
  }

  # Name handler and settings follow the folder.
  assert {
    condition     = aws_lambda_function.this.function_name == "cartlake-test-run-coordinator"
    error_message = "The name must be <name_prefix>-<function>, with hyphens."
  }

  assert {
    condition     = aws_lambda_function.this.handler == "lambdas.run_coordinator.handler.lambda_handler"
    error_message = "The handler must be the folder's handler.lambda_handler."
  }

  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      GATHER_SECONDS          = "60"
      LEDGER_TABLE            = "ledger"
      LOG_LEVEL               = "INFO"
      POWERTOOLS_SERVICE_NAME = "run_coordinator"
    })
    error_message = "The caller's variables must join those of Powertools."
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1"])
    error_message = "Layers must keep their order: later ones win."
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "python3.11" && aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "Functions run Python 3.11 on arm64."
  }

  # Code is named by its content.
  assert {
    condition     = aws_s3_object.code.key == "lambdas/run_coordinator/${filesha256("../../fixtures/artifacts/lambdas/run_coordinator.zip")}.zip"
    error_message = "A new build must be a new object, so that a rollback finds the old one."
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("../../fixtures/artifacts/lambdas/run_coordinator.zip")
    error_message = "The function must be updated whenever the code changes."
  }

  # Failures are kept.
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == var.shared.failure_queue_arn
    error_message = "An asynchronous event that fails for good must be kept."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "Every invocation must be traced."
  }

  # Logs are encrypted and expire.
  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/cartlake-test-run-coordinator"
    error_message = "The log group must be the one Lambda writes to."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.kms_key_id == var.shared.kms_key_arn
    error_message = "Logs must expire and be encrypted with the lake's key."
  }

  # The role holds only what was asked.
  assert {
    condition     = [for statement in data.aws_iam_policy_document.this.statement : statement.sid] == ["WriteOwnLog", "SendTraces", "UseKey", "KeepFailedEvents", "UseLedger"]
    error_message = "The policy must be the four basics and the statements of the caller."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.this.statement : statement.sid if contains(statement.resources, "*")] == ["SendTraces"]
    error_message = "Only X-Ray, which has no resources, may use a wildcard."
  }

  # Callers get the alias of a published version.
  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.live.name == "live"
    error_message = "The alias is moved to a version that has the new code and the new settings."
  }

  assert {
    condition     = output.alias == "live" && aws_lambda_function_event_invoke_config.this.qualifier == "live"
    error_message = "What happens to failed events is set for the alias."
  }

  # Without a network it is outside of any.
  assert {
    condition     = length(aws_lambda_function.this.vpc_config) == 0 && length(aws_iam_role_policy_attachment.network) == 0
    error_message = "A VPC is an option."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a statement for everything.
    statements = { All = { actions = ["s3:GetObject"], resources = ["*"] } }
    # Rejects a timeout Lambda does not have.
    timeout_seconds = 901
    # Rejects an unknown processor.
    shared = {
      name_prefix           = "cartlake-test"
      environment           = "test"
      artifacts_dir         = "../../fixtures/artifacts"
      artifacts_bucket      = "test-artifacts"
      architecture          = "sparc"
      layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1" }
      environment_variables = { LEDGER_TABLE = "ledger" }
      log_level             = "INFO"
      log_retention_days    = 30
      kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
      failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
      alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
    }
  }

  expect_failures = [var.statements, var.timeout_seconds, var.shared]
}

run "a_function_in_a_network_may_make_its_interfaces" {
  command = plan

  variables {
    shared = {
      name_prefix           = "cartlake-test"
      environment           = "test"
      artifacts_dir         = "../../fixtures/artifacts"
      artifacts_bucket      = "test-artifacts"
      architecture          = "arm64"
      layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1" }
      environment_variables = {}
      log_level             = "INFO"
      log_retention_days    = 30
      kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
      failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
      alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
      network               = { subnet_ids = ["subnet-a", "subnet-b"], security_group_ids = ["sg-a"] }
    }
  }

  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-a", "subnet-b"]) && length(aws_iam_role_policy_attachment.network) == 1
    error_message = "The function runs in the subnets, and its role may join them."
  }
}
