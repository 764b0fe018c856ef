module "protection" {
  source = "../.."

  enabled   = false # with true this example could not be taken down again
  protected = { ledger = aws_dynamodb_table.ledger.arn }
}

resource "aws_dynamodb_table" "ledger" {
  name         = "cartlake-test-ledger"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  attribute {
    name = "pk"
    type = "S"
  }
}

output "prevents_destroy" {
  description = "What cannot be destroyed."
  value       = module.protection.prevents_destroy
}
