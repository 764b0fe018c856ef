"""Glue job that recomputes what new data made stale in the tables that are built from others."""
