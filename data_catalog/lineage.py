"""Which columns a column is computed from: the transforms run on empty tables, and sqlglot reads the SQL they make."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlframe.duckdb import DuckDBSession
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from cartlake.contracts import Table
from cartlake.engine import using
from cartlake.errors import TerminalError
from cartlake.refresh.graph import Graph, build_of
from glue_jobs.engines.duckdb.types import contract_type
from glue_jobs.table_refresh.building import transform_of

SPINE = "lineage_of_spine"
"""A table of one row: the input of a transform without upstreams."""


class LineageError(TerminalError):
    """The SQL of a transform could not be read."""


@dataclass(frozen=True, slots=True, order=True)
class ColumnName:
    """A column of a table, `table` with its database."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


class _LineageSession(DuckDBSession):
    """SQLFrame has one session per process and class: this class has one apart from the others."""


Sources = Mapping[ColumnName, tuple[ColumnName, ...]]


def column_sources(graph: Graph) -> Sources:
    """Return, for each column of each built table, the columns of its upstreams that its value is computed from.

    Columns that are only in conditions of joins and filters are not among them; a column that counts rows, or is a
    constant, has none. Raises LineageError, with the name of the table, for SQL that cannot be read.
    """
    queries = transform_queries(graph)
    schema: dict[str, object] = {
        _plain(name): {column.name: contract_type(column.type) for column in table.columns}
        for name, table in graph.tables.items()
    }
    names = {_plain(name): name for name in graph.tables}
    return {
        ColumnName(table, column): tuple(sorted(sources))
        for table, sql in queries.items()
        for column, sources in _sources_of(graph.tables[table], sql, schema | {SPINE: {"one": "int"}}, names)
    }


def transform_queries(graph: Graph) -> dict[str, str]:
    """Return the SQL of each built table's transform on DuckDB, by table."""
    session: Any = _LineageSession()
    session.catalog.add_table(SPINE, {"one": "int"})
    for name, table in graph.tables.items():
        session.catalog.add_table(_plain(name), {column.name: contract_type(column.type) for column in table.columns})
    with using("duckdb"):
        return {name: _query(session, graph.tables[name]) for name in graph.order}


def _query(session: Any, table: Table) -> str:
    inputs = {up.argument: session.table(_plain(up.table)) for up in build_of(table).upstreams}
    built: Any = transform_of(table)(**(inputs or {"spine": session.table(SPINE)}))
    sql: str = built.select(*(column.name for column in table.file_columns)).sql(dialect="duckdb", optimize=False)
    return sql


def _sources_of(
    table: Table, sql: str, schema: dict[str, object], names: Mapping[str, str]
) -> Iterator[tuple[str, set[ColumnName]]]:
    tree, scope = qualified(table, sql, schema)
    for column in table.file_columns:
        node = lineage(column.name, tree, schema, dialect="duckdb", scope=scope, trim_selects=False, copy=False)
        leaves = (found for found in node.walk() if isinstance(found.expression, exp.Table))
        yield (
            column.name,
            {
                ColumnName(names[leaf.expression.name], leaf.name.rpartition(".")[2].strip('"'))
                for leaf in leaves
                if leaf.expression.name in names
            },
        )


def qualified(table: Table, sql: str, schema: dict[str, object]) -> tuple[exp.Expr, Scope]:
    """Return the SQL of a table's transform with every column qualified, and its scope.

    Raises LineageError, with the name of the table, for SQL that cannot be read.
    """
    try:
        tree = qualify(sqlglot.parse_one(sql, read="duckdb"), dialect="duckdb", schema=schema)
    except sqlglot.errors.SqlglotError as error:
        raise LineageError(f"{table.physical_name}: the SQL of its transform cannot be read: {error}") from error
    scope = build_scope(tree)
    if scope is None:
        raise LineageError(f"{table.physical_name}: the SQL of its transform is not a query: {sql[:80]}")
    return tree, scope


def _plain(name: str) -> str:
    """The name of a table without a dot, as SQLFrame's catalog and sqlglot's schema need it."""
    return f"lineage_of_{name.replace('.', '_')}"
