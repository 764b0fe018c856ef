"""Trino's functions that DuckDB has not, in Python. `FUNCTIONS` of each module are registered in DuckDB."""
