"""The items of the ledger in DynamoDB: their keys, and transactions on them."""
