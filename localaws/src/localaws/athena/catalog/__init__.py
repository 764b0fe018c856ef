"""The tables of the Glue catalog as DuckDB reads them: Iceberg metadata, Hive partitions and file formats."""
