"""Exports: rows of a table as Parquet or CSV files in S3, with a manifest that names them."""
