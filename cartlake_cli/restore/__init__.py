"""Brings tables, Glue entries and the ledger back from what S3 and DynamoDB still have after they were deleted."""
