"""The real SQL files, compiled by the local Athena engine, on tables of a few rows."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cartlake import contracts
from cartlake.queries.named_queries import NamedQuery
from cartlake_cli.athena import views
from localaws.athena import duck
from localaws.athena.hive_types import from_hive
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.parser import parsing
from localaws.athena.sql.tables import Source, View
from localaws.athena.trino_types import TrinoType

QUERIES = Path(__file__).parents[2] / "athena_queries"
TODAY = date(2026, 6, 30)
TABLES = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
MADE = [views.freshness_view(contracts.load_all()), *views.masked_views(contracts.load_all())]
VIEWS = {f"{view.database}.{view.name}": view for view in [*views.read_views(QUERIES / "views"), *MADE]}
INSTANT = TrinoType("timestamp with time zone", 3)
METADATA = {
    "history": "made_current_at timestamptz, snapshot_id bigint",
    "snapshots": "snapshot_id bigint, operation varchar",
}
QUERY_HISTORY = {  # a table over plain files, of terraform/modules/athena
    "query_name": "string",
    "query_hash": "string",
    "state": "string",
    "statement_type": "string",
    "scanned_bytes": "bigint",
    "total_milliseconds": "bigint",
    "reused_result": "boolean",
    "submitted_at": "string",
    "day": "string",
}


def trino_type(text: str) -> TrinoType:
    """The type Athena has for a column of a contract: Iceberg's timestamps are instants."""
    return TrinoType("timestamp with time zone", 6) if text == "timestamp" else from_hive(text)


class ContractTables:
    """Tables as the contracts have them, and the views over them."""

    def find(self, database: str, table: str, version: object) -> Source | View | None:
        name = f"{database}.{table}"
        if name in VIEWS:
            return View(VIEWS[name].sql.partition(" as\n")[2], database)
        if name.endswith("$history"):
            return Source(f'{database}."{table}"', (("made_current_at", INSTANT), ("snapshot_id", from_hive("bigint"))))
        if name.endswith("$snapshots"):
            columns = (("snapshot_id", from_hive("bigint")), ("operation", from_hive("string")))
            return Source(f'{database}."{table}"', columns)
        if name == "ops.query_history":
            return Source(name, tuple((column, from_hive(kind)) for column, kind in QUERY_HISTORY.items()))
        if name in TABLES:
            return Source(name, tuple((column.name, trino_type(column.type)) for column in TABLES[name].columns))
        return None


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the contracts, empty and never written."""
    with duckdb.connect() as connection:
        duck.add_functions(connection)
        for name, table in TABLES.items():
            columns = ", ".join(f'"{column.name}" {trino_type(column.type).duckdb}' for column in table.columns)
            connection.execute(f"create schema if not exists {table.database}")
            connection.execute(f"create table {name} ({columns})")
            for kind, columns in METADATA.items():
                connection.execute(f'create table {table.database}."{table.bare_name}${kind}" ({columns})')
        columns = ", ".join(f"{column} {from_hive(kind).duckdb}" for column, kind in QUERY_HISTORY.items())
        connection.execute(f"create table ops.query_history ({columns})")
        yield duck.session(connection)


@pytest.fixture
def ask(lake: duckdb.DuckDBPyConnection) -> Callable[..., list[dict[str, Any]]]:
    """Run SQL as Athena would; returns its rows by column name."""

    def rows(sql: str, *literals: str) -> list[dict[str, Any]]:
        relation = Compiler(ContractTables(), sql).query(parsing.bind(parsing.parse(sql), list(literals)))
        names = [column for column, _ in relation.columns]
        return [dict(zip(names, row, strict=True)) for row in lake.execute(relation.sql).fetchall()]

    return rows


@pytest.fixture
def run(ask: Callable[..., list[dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """Run a named query on the last day of June, its parameters by name; returns its rows by column name."""

    def rows(name: str, **given: object) -> list[dict[str, Any]]:
        query = NamedQuery.read(name, (QUERIES / f"{name}.sql").read_text())
        return ask(query.sql, *query.literals({key: str(value) for key, value in given.items()}, TODAY))

    return rows


@pytest.fixture
def insert(lake: duckdb.DuckDBPyConnection) -> Callable[..., None]:
    """Insert a row; columns not named are null."""

    def one(table: str, **values: Any) -> None:
        marks = ", ".join("?" for _ in values)
        lake.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", list(values.values()))

    return one
