locals {
  # One for each lake: metrics of two lakes of an account must not be added up.
  metrics_namespace = "Cartlake/${var.name_prefix}"

  common_environment = {
    ENVIRONMENT                  = var.environment
    METRICS_BY_DATASET           = tostring(var.metrics_by_dataset)
    POWERTOOLS_METRICS_NAMESPACE = local.metrics_namespace
    EVENT_BUS                    = aws_cloudwatch_event_bus.this.name
    IDEMPOTENCY_TABLE            = aws_dynamodb_table.idempotency.name
    LEDGER_TABLE                 = aws_dynamodb_table.ledger.name
  }

  grants = {
    # What the Ledger class of cartlake does; transactions need the right of each write they hold.
    UseLedger = {
      actions   = [for action in ["BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"] : "dynamodb:${action}"]
      resources = [aws_dynamodb_table.ledger.arn]
    }
    # What says which runs there were and what is stale.
    ReadLedger      = { actions = ["dynamodb:Query"], resources = [aws_dynamodb_table.ledger.arn, "${aws_dynamodb_table.ledger.arn}/index/by_state"] }
    FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["${aws_dynamodb_table.ledger.arn}/index/by_state"] }
    RememberStarts = {
      actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.idempotency.arn]
    }
    Announce = { actions = ["events:PutEvents"], resources = [aws_cloudwatch_event_bus.this.arn] }
  }
}
