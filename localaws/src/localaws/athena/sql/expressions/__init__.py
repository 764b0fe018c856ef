"""Expressions: one handler per kind of syntax node, with casts, operators and calls as Trino defines them."""
