"""Trino text to a syntax tree: what the grammar accepts, and where it does not."""
