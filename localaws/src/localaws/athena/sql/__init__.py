"""Trino SQL to DuckDB SQL: parsing, typed expressions, queries. Knows tables only through `tables.Tables`."""
