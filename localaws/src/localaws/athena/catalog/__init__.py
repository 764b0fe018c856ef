"""Tables as DuckDB reads them: the Glue catalog, Iceberg metadata, Hive partitions and the formats of files."""
