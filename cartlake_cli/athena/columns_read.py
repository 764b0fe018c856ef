"""The columns that SQL of named queries and views reads, also through views, by the names in contracts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from cartlake.contracts import Table
from cartlake.errors import TerminalError

DIALECT = "athena"


class UnreadableSqlError(TerminalError):
    """SQL whose columns cannot be found, for example because it names a table that no contract describes."""


@dataclass(frozen=True, slots=True, order=True)
class ColumnUse:
    """A column of a table or view, `table` with its database."""

    table: str
    column: str


def columns_read(name: str, sql: str, known: Mapping[str, Iterable[str]]) -> frozenset[ColumnUse]:
    """Return the columns a query reads of the tables it names. `known` has the columns of every table and view.

    Raises UnreadableSqlError naming the query.
    """
    try:
        tree = qualify(
            sqlglot.parse_one(sql, read=DIALECT),
            dialect=DIALECT,
            schema=_nested(known),
            validate_qualify_columns=True,
            quote_identifiers=False,
        )
    except sqlglot.errors.SqlglotError as error:
        raise UnreadableSqlError(f"{name}: {error}") from error
    return frozenset(use for scope in traverse_scope(tree) for use in _of_scope(scope))


def _of_scope(scope: Scope) -> Iterable[ColumnUse]:
    for column in scope.columns:
        source = scope.sources.get(column.table)
        if isinstance(source, exp.Table):
            yield ColumnUse(f"{source.db}.{source.name}".lower(), column.name.lower())


def _nested(known: Mapping[str, Iterable[str]]) -> dict[str, object]:
    nested: dict[str, Any] = {}
    for full, columns in known.items():
        database, _, table = full.partition(".")
        # Only names matter here, so every column has the same type.
        nested.setdefault(database, {})[table] = dict.fromkeys(columns, "varchar")
    return nested


def columns_of_tables(tables: Iterable[Table]) -> dict[str, list[str]]:
    """Return the columns of each table by its physical name, and those of its `$history`, which Iceberg provides."""
    found: dict[str, list[str]] = {}
    for table in tables:
        found[table.physical_name] = [column.name for column in table.columns]
        found[f"{table.physical_name}$history"] = ["made_current_at", "snapshot_id", "parent_id", "is_current_ancestor"]
    return found


def through_views(
    uses: frozenset[ColumnUse], views: Mapping[str, Mapping[str, frozenset[ColumnUse]]]
) -> frozenset[ColumnUse]:
    """Return the uses, and for each column of a view also the columns it is made of, as `views` has them."""
    found, waiting = set(uses), list(uses)
    while waiting:
        use = waiting.pop()
        for below in views.get(use.table, {}).get(use.column, frozenset()):
            if below not in found:
                found.add(below)
                waiting.append(below)
    return frozenset(found)
