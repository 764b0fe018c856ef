"""Athena as an operator uses it: queries, named queries, views, and what they read."""
