"""The engine for small batches: DuckDB computes, PyIceberg writes the metadata."""
