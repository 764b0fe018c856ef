"""Spark: files to frames, and frames to Iceberg tables."""
