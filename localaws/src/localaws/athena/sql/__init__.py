"""Compiles Trino SQL to DuckDB SQL: parsing, typed expressions, queries. Tables come from a `tables.Tables`."""
