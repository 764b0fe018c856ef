locals {
  # Two addresses with the same operations, because a route has one kind of authorization.
  apis = merge(
    length(setunion(flatten([for role in var.roles : tolist(role.principal_arns)]))) > 0 ? { machines = { authorization = "AWS_IAM", description = "Requests that machines sign (IAM)." } } : {},
    var.jwt == null ? {} : { people = { authorization = "JWT", description = "Requests with a token of the issuer (OpenID Connect)." } },
  )

  # The operations of lambdas/api_handler; a test compares them. What is not one of them never reaches the function.
  start_query = "POST /v1/queries/{name}"
  operations = [
    "GET /v1/executions/{id}",
    "GET /v1/health",
    "GET /v1/openapi.json",
    "GET /v1/quarantine",
    "GET /v1/quarantine/{id}",
    "GET /v1/queries",
    "GET /v1/queries/{name}",
    "GET /v1/runs",
    "GET /v1/runs/{id}",
    "GET /v1/tables",
    "GET /v1/tables/{name}",
    local.start_query,
  ]

  routes = { for pair in setproduct(keys(local.apis), local.operations) : "${pair[0]} ${pair[1]}" => { api = pair[0], operation = pair[1] } }
}

module "api_handler" {
  source = "../function"

  shared          = var.shared
  function        = "api_handler"
  description     = "Answers the HTTP API, with the rights of the caller's role."
  memory_mb       = 1024 # contracts are read at a cold start
  timeout_seconds = 29   # API Gateway waits for 30
  environment_variables = {
    API_ROLES           = jsonencode({ for name, role in var.roles : name => { arn = role.arn, workgroup = role.workgroup, groups = sort(role.groups), principals = sort(role.principal_arns) } })
    ARTIFACTS_BUCKET    = var.shared.artifacts_bucket
    CALLERS_TABLE       = aws_dynamodb_table.callers.name
    DATABASE_PREFIX     = var.database_prefix
    ENVIRONMENT         = var.shared.environment
    GROUPS_CLAIM        = var.jwt == null ? "sub" : var.jwt.groups_claim
    QUERIES_PER_MINUTE  = tostring(var.limits.caller_queries_per_minute)
    REQUESTS_PER_MINUTE = tostring(var.limits.caller_requests_per_minute)
    RESULTS_BUCKET      = var.results_bucket
    REUSE_MINUTES       = tostring(var.reuse_minutes)
  }
  statements = {
    ActAsCaller   = { actions = ["sts:AssumeRole"], resources = [for role in var.roles : role.arn] }
    CountRequests = { actions = ["dynamodb:UpdateItem"], resources = [aws_dynamodb_table.callers.arn] }
  }
}

# How many requests each caller sent in each minute: API Gateway limits all callers together.
resource "aws_dynamodb_table" "callers" {
  #checkov:skip=CKV_AWS_28:counts are of no use after their minute
  name         = "${var.shared.name_prefix}-api-callers"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.shared.kms_key_arn
  }
}

resource "aws_cloudwatch_log_group" "requests" {
  name              = "/aws/apigateway/${var.shared.name_prefix}-api"
  retention_in_days = var.shared.log_retention_days
  kms_key_id        = var.shared.kms_key_arn
}

resource "aws_apigatewayv2_api" "this" {
  for_each = local.apis

  name          = "${var.shared.name_prefix}-${each.key}"
  description   = each.value.description
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = each.key == "people" && length(var.origins) > 0 ? [var.origins] : []

    content {
      allow_origins  = cors_configuration.value
      allow_methods  = ["GET", "POST"]
      allow_headers  = ["authorization", "content-type", "if-none-match"]
      expose_headers = ["etag", "location", "retry-after"]
      max_age        = 3600
    }
  }
}

resource "aws_apigatewayv2_authorizer" "token" {
  for_each = { for name, api in local.apis : name => api if api.authorization == "JWT" }

  api_id           = aws_apigatewayv2_api.this[each.key].id
  name             = "token"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audiences
  }
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = local.apis

  api_id                 = aws_apigatewayv2_api.this[each.key].id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.api_handler.arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "this" {
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.this[each.value.api].id
  route_key          = each.value.operation
  target             = "integrations/${aws_apigatewayv2_integration.this[each.value.api].id}"
  authorization_type = local.apis[each.value.api].authorization
  authorizer_id      = one([for name, token in aws_apigatewayv2_authorizer.token : token.id if name == each.value.api])
}

# Of a request the log has what it asked for by its operation, and how it ended: no path, query or address.
resource "aws_apigatewayv2_stage" "this" {
  for_each = local.apis

  api_id      = aws_apigatewayv2_api.this[each.key].id
  name        = "$default"
  description = each.value.description
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.limits.requests_per_second
    throttling_burst_limit = 2 * var.limits.requests_per_second
  }

  route_settings {
    route_key              = local.start_query
    throttling_rate_limit  = var.limits.queries_per_second
    throttling_burst_limit = 2 * var.limits.queries_per_second
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.requests.arn
    format = jsonencode({
      api          = each.key
      at           = "$context.requestTime"
      error        = "$context.error.responseType"
      milliseconds = "$context.responseLatency"
      operation    = "$context.routeKey"
      request_id   = "$context.requestId"
      refused_by   = "$context.authorizer.error"
      status       = "$context.status"
    })
  }

  depends_on = [aws_apigatewayv2_route.this] # of which one has settings
}

resource "aws_lambda_permission" "this" {
  for_each = local.apis

  statement_id  = "Api-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = module.api_handler.name
  qualifier     = module.api_handler.alias
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this[each.key].execution_arn}/*/*"
}
