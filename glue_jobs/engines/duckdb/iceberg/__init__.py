"""Iceberg tables without Spark or Arrow: DuckDB reads and writes their Parquet files, PyIceberg their metadata."""
