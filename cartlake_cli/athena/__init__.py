"""Athena for operators: queries, named queries, views, and the columns they read."""
