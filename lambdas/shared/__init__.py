"""What several functions need: the entry point's wrapping, the ledger, our event bus, metrics."""
