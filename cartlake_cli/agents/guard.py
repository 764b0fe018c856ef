"""Which SQL an assistant may run: one statement that reads, from tables of contracts, no personal data.

Pure rules. They are not the only guard: the credentials of the server decide what Athena reads at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from cartlake.errors import TerminalError
from cartlake_cli.athena.columns_read import (
    DIALECT,
    ColumnUse,
    UnreadableSqlError,
    columns_of_tables,
    columns_read,
    through_views,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeGuard

    from cartlake.contracts import Contract
    from cartlake_cli.athena.views import View

_WRITES: Final = (exp.DML, exp.DDL, exp.Command, exp.Into)
_MASKED: Final = "_masked"
_HINT: Final = "Write names with their database, such as curated.sales_daily; `tables` lists all that can be read."


class RefusedSqlError(TerminalError):
    """SQL that an assistant may not run. The message says why, and what to ask instead."""


@dataclass(frozen=True, slots=True)
class Readable:
    """What there is to read. Names of tables and views are lower case and have their database.

    `columns` are those of each table and view; `personal` those that contracts tag as personal data. `views` says of
    which columns each column of a view is made. Views that mask are in `columns` only: what they show may be read.
    """

    columns: Mapping[str, Sequence[str]]
    personal: frozenset[ColumnUse]
    views: Mapping[str, Mapping[str, frozenset[ColumnUse]]]


def readable(contracts: Iterable[Contract], views: Iterable[View]) -> Readable:
    """Return what there is to read by these contracts and views."""
    tables = [table for contract in contracts for table in contract.tables]
    columns: dict[str, Sequence[str]] = dict(columns_of_tables(tables))
    personal = frozenset(
        ColumnUse(table.physical_name, column.name) for table in tables for column in table.columns if column.pii
    )
    made_of: dict[str, dict[str, frozenset[ColumnUse]]] = {}
    for view in views:
        name = f"{view.database}.{view.name}".lower()
        found = _columns_of_view(name, view.sql, columns)
        columns[name] = list(found)
        if not view.name.endswith(_MASKED):
            made_of[name] = found
    return Readable(columns, personal, made_of)


def _columns_of_view(name: str, sql: str, known: Mapping[str, Sequence[str]]) -> dict[str, frozenset[ColumnUse]]:
    """The columns of a view. Each is taken to be made of all that the view reads: rather too much than too little."""
    created = sqlglot.parse_one(sql, read=DIALECT)
    query = created.expression
    uses = columns_read(name, query.sql(dialect=DIALECT), known)
    return {column.lower(): uses for column in query.named_selects}


def tables_read(sql: str, known: Readable) -> frozenset[str]:
    """Return the tables and views that SQL reads, views with what they are made of.

    Raises RefusedSqlError for SQL that does anything but read, reads something no contract describes, or reads columns
    with personal data.
    """
    tree = _only_query(sql)
    named = {_name(source) for scope in traverse_scope(tree) for source in scope.sources.values() if _is_table(source)}
    if unknown := sorted(named - known.columns.keys()):
        raise RefusedSqlError(f"Nothing is known of {', '.join(unknown)}. {_HINT}")
    try:
        uses = columns_read("The query", tree.sql(dialect=DIALECT), known.columns)
    except UnreadableSqlError as error:
        raise RefusedSqlError(f"{error}. {_HINT}") from error
    through = through_views(uses, known.views)
    if seen := sorted(through & known.personal):
        columns = ", ".join(f"{use.table}.{use.column}" for use in seen)
        raise RefusedSqlError(
            f"The query reads personal data: {columns}. Leave these columns out, or read the view <table>{_MASKED}."
        )
    return frozenset({*named, *(use.table for use in through)})


def _is_table(source: object) -> TypeGuard[exp.Table]:
    """Whether a source of a query is a table or view, and not a query or a list of values."""
    return isinstance(source, exp.Table)


def _name(table: exp.Table) -> str:
    return ".".join(part for part in (table.catalog, table.db, table.name) if part).lower()


def _only_query(sql: str) -> exp.Query:
    """Return the only statement of a text. Raises RefusedSqlError unless it is a query."""
    try:
        statements = [one for one in sqlglot.parse(sql, read=DIALECT) if one is not None]
    except sqlglot.errors.SqlglotError as error:
        raise RefusedSqlError(f"The SQL cannot be read: {error}") from error
    if len(statements) != 1:
        raise RefusedSqlError(f"There are {len(statements)} statements. Send one.")
    [statement] = statements
    if not isinstance(statement, exp.Query) or not statement.selects or any(statement.find_all(*_WRITES)):
        raise RefusedSqlError("Only SELECT is run here: nothing is written, changed or explained.")
    return statement
