"""The engine on Spark: reads files into frames, and writes frames to Iceberg tables."""
