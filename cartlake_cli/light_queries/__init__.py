"""DuckDB's queries of every load and refresh, compiled when the artifacts are built instead of in a function."""
