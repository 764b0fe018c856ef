"""The same silver and gold tables by other tools: dbt with DuckDB, dlt with DuckDB, and a plain PySpark script."""
