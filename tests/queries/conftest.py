"""The real SQL files, translated from Trino to DuckDB, on tables of a few rows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from cartlake import contracts

QUERIES = Path(__file__).parents[2] / "athena_queries"
DUCKDB_TYPES = {"string": "varchar", "timestamp": "timestamptz", "int": "integer", "array<string>": "varchar[]"}


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables as the contracts have them, and every view over them."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for table in (table for contract in contracts.load_all() for table in contract.tables):
            columns = ", ".join(f'"{c.name}" {DUCKDB_TYPES.get(c.type, c.type)}' for c in table.columns)
            connection.execute(f"create schema if not exists {table.database}")
            connection.execute(f"create table {table.physical_name} ({columns})")
        for view in sorted((QUERIES / "views").glob("*.sql")):
            connection.execute(translated(view))
        yield connection


@pytest.fixture
def run(lake: duckdb.DuckDBPyConnection) -> Callable[[str], list[dict[str, Any]]]:
    """Run a named query and return its rows by column name."""

    def rows(name: str) -> list[dict[str, Any]]:
        cursor = lake.execute(translated(QUERIES / f"{name}.sql"))
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return rows


@pytest.fixture
def insert(lake: duckdb.DuckDBPyConnection) -> Callable[..., None]:
    """Insert a row; columns not named are null."""

    def one(table: str, **values: Any) -> None:
        marks = ", ".join("?" for _ in values)
        lake.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", list(values.values()))

    return one


def translated(path: Path) -> str:
    return sqlglot.transpile(path.read_text(), read="athena", write="duckdb")[0]
