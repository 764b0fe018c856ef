"""The named queries and views that read the columns of tables, and the tables that are built from them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import sqlglot
from sqlglot import exp

from cartlake import contracts
from cartlake.contracts import Contract, Table
from cartlake_cli.athena import views
from cartlake_cli.athena.columns_read import DIALECT, ColumnUse, columns_of_tables, columns_read, through_views
from cartlake_cli.contracts.changes import ContractChange
from cartlake_cli.errors import CommandError


def readers_of(
    root: Path, described: Sequence[Contract], former: Mapping[str, Iterable[str]] = MappingProxyType({})
) -> Mapping[ColumnUse, list[str]]:
    """Return the named queries and views that read each column, directly or through other views, sorted by name.

    `root` is the checkout with the SQL files. `former` adds columns that tables have and their contracts no longer do.
    Raises UnreadableSqlError for SQL whose columns cannot be found, CommandError for a view that is not one select.
    """
    tables = [table for contract in described for table in contract.tables]
    known = columns_of_tables(tables) | _not_of_contracts()
    for table, columns in former.items():
        known[table] = [*known.get(table, ()), *columns]
    found_views = views.read_views(root / "athena_queries" / "views")
    made_of: dict[str, dict[str, frozenset[ColumnUse]]] = {}
    for view in found_views:
        name = f"{view.database}.{view.name}"
        columns = _selected(view.sql)
        known[name] = list(columns)
        made_of[name] = {column: columns_read(name, select, known) for column, select in columns.items()}
    freshness = "ops.table_freshness"
    known.setdefault(freshness, ["table_name", "promised_hours", "written_at"])
    readers: dict[ColumnUse, set[str]] = {}
    texts = {path.stem: path.read_text() for path in sorted((root / "athena_queries").glob("*.sql"))}
    for name, sql in texts.items():
        for use in through_views(columns_read(name, sql, known), made_of):
            readers.setdefault(use, set()).add(name)
    for name, uses in made_of.items():
        for use in through_views(frozenset().union(*uses.values()), made_of):
            readers.setdefault(use, set()).add(name)
    return {use: sorted(names) for use, names in readers.items()}


def _not_of_contracts() -> dict[str, list[str]]:
    """Return the columns of tables that Terraform creates, which no contract describes."""
    names = ("query_name", "query_hash", "state", "statement_type", "scanned_bytes", "total_milliseconds")
    return {"ops.query_history": [*names, "reused_result", "submitted_at", "day"]}


def _selected(sql: str) -> dict[str, str]:
    """Return for each column of a view a query that reads what it is made of, and the columns of the conditions."""
    body = re.split(r"\bas\s*\n", sql, maxsplit=1)[1]
    tree = sqlglot.parse_one(body, read=DIALECT)
    if not isinstance(tree, exp.Select):
        raise CommandError(f"A view must be one select: {sql[:80]}")
    found = {}
    for projection in tree.selects:
        alone = tree.copy()
        # The conditions stay in the query: a column they read decides which rows the view has.
        alone.set("expressions", [projection.copy()])
        found[projection.alias_or_name] = alone.sql(DIALECT)
    return found


def readers_of_place(change: ContractChange, contract: Contract, readers: Mapping[ColumnUse, list[str]]) -> list[str]:
    """Return the queries, views and built tables that read the changed column, or the table if no column changed."""
    name, _, column = change.place.partition(".")
    tables = [table for table in contract.tables if table.name == name] or list(contract.tables)
    is_column = any(column == known.name for table in tables for known in table.columns)
    physical = {table.physical_name for table in tables}
    queries = {
        reader
        for use, names in readers.items()
        if use.table in physical and (not is_column or use.column == column)
        for reader in names
    }
    return [*sorted(queries), *built_from(physical)]


def built_from(physical: set[str]) -> list[str]:
    """Return the tables that are built from any of these, by their physical names."""
    tables: list[Table] = [table for contract in contracts.load_all() for table in contract.tables]
    return [
        table.physical_name
        for table in tables
        if table.build and physical & {upstream.table for upstream in table.build.upstreams}
    ]
