"""Maintenance of tables: what a table needs, and the documents of a maintenance run."""
