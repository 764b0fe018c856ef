"""Shared by the functions: the wrapper of handlers, the ledger, our event bus, metrics."""
