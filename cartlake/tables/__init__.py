"""Iceberg tables: the Glue catalog, their snapshots, and the statistics of their files."""
