mock_provider "aws" {
  source = "../../fixtures/mocks"
}

override_module {
  override_during = plan
  target          = module.api_handler
  outputs         = { name = "cartlake-test-api-handler", alias = "live", arn = "arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-api-handler:live", role_arn = "arn:aws:iam::123456789012:role/some" }
}

variables {
  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
  }
  roles = {
    analyst = { arn = "arn:aws:iam::123456789012:role/cartlake-test-analyst", workgroup = "cartlake-test-analyst", groups = ["analysts"], principal_arns = ["arn:aws:iam::123456789012:role/price-report"] }
  }
  jwt            = { issuer = "https://issuer.example.com/", audiences = ["lake"] }
  origins        = ["https://d111111abcdef8.cloudfront.net"]
  results_bucket = "test-athena-results"
}

run "nothing_is_answered_without_a_token_or_a_signature" {
  command = plan

  assert {
    condition     = alltrue([for name, route in aws_apigatewayv2_route.this : route.authorization_type == (startswith(name, "people ") ? "JWT" : "AWS_IAM")])
    error_message = "Every operation asks for a token or a signature."
  }

  assert {
    condition     = length(aws_apigatewayv2_route.this) == 2 * length(local.operations) && alltrue([for route in aws_apigatewayv2_route.this : !strcontains(route.route_key, "$default") && !strcontains(route.route_key, "{proxy+}")])
    error_message = "What is no operation does not reach the function."
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.token["people"].jwt_configuration[0].issuer == "https://issuer.example.com/" && aws_apigatewayv2_authorizer.token["people"].jwt_configuration[0].audience == toset(["lake"])
    error_message = "Tokens are of the issuer, for the audience."
  }

  assert {
    condition     = aws_dynamodb_table.callers.ttl[0].enabled && aws_dynamodb_table.callers.billing_mode == "PAY_PER_REQUEST"
    error_message = "Counts of callers are dropped after their minute, and cost nothing while nobody calls."
  }

  # Pages, rates and logs are limited.
  assert {
    condition     = aws_apigatewayv2_api.this["people"].cors_configuration[0].allow_origins == toset(["https://d111111abcdef8.cloudfront.net"]) && length(aws_apigatewayv2_api.this["machines"].cors_configuration) == 0
    error_message = "Scripts of the dashboard's page alone may call, and with a token."
  }

  assert {
    condition     = alltrue([for stage in aws_apigatewayv2_stage.this : stage.default_route_settings[0].throttling_rate_limit == 50 && one([for route in stage.route_settings : route.throttling_rate_limit if route.route_key == "POST /v1/queries/{name}"]) == 5])
    error_message = "Starting a query costs more than reading, so it is limited more."
  }

  assert {
    condition     = alltrue([for stage in aws_apigatewayv2_stage.this : !can(regex("path|sourceIp|queryString|claims", stage.access_log_settings[0].format))])
    error_message = "The log of requests has no values and no addresses."
  }
}

run "machines_alone_need_no_issuer" {
  command = plan

  variables {
    jwt   = null
    roles = { analyst = { arn = "arn:aws:iam::123456789012:role/cartlake-test-analyst", workgroup = "cartlake-test-analyst", principal_arns = ["arn:aws:iam::123456789012:role/price-report"] } }
  }

  assert {
    condition     = keys(aws_apigatewayv2_api.this) == ["machines"]
    error_message = "Without an issuer there is no API for people."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects every page.
    origins = ["*"]
    # Rejects a role that nobody has.
    roles = { analyst = { arn = "arn:aws:iam::123456789012:role/cartlake-test-analyst", workgroup = "cartlake-test-analyst" } }
    # Rejects more queries than requests.
    limits = { requests_per_second = 2, queries_per_second = 5, caller_requests_per_minute = 2, caller_queries_per_minute = 5 }
    # Rejects results that Athena would not reuse.
    reuse_minutes = 20000
  }

  expect_failures = [var.origins, var.roles, var.limits, var.reuse_minutes]
}

run "rejects_tokens_for_any_audience" {
  command = plan

  variables {
    jwt = { issuer = "https://issuer.example.com/", audiences = [] }
  }

  expect_failures = [var.jwt]
}

run "rejects_groups_that_a_token_cannot_tell_apart" {
  command = plan

  variables {
    roles = { analyst = { arn = "arn:aws:iam::123456789012:role/cartlake-test-analyst", workgroup = "cartlake-test-analyst", groups = ["all analysts"] } }
  }

  expect_failures = [var.roles]
}
