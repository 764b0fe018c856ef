"""Athena views: those of the SQL files, one `create or replace view` a file, named after the view; and those made from
the contracts, so that a new dataset is in them without a line of SQL.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cartlake.contracts import Contract, Table

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient

    from cartlake_cli.athena.client import Athena

COMMENT_VIEW = "/* Presto View: "
"""Athena keeps a view's definition in the Glue table's ViewOriginalText, as base64 JSON within this comment."""


@dataclass(frozen=True)
class View:
    """One view file. `sql` is the whole statement, `body` what follows `as`."""

    database: str
    name: str
    sql: str

    @property
    def body(self) -> str:
        return _without_spaces(self.sql.lower().partition(" as\n")[2])


@dataclass(frozen=True)
class ViewChange:
    """A view to be created, or replaced because its definition differs."""

    view: View
    action: Literal["create view", "replace view"]


def read_views(folder: Path) -> list[View]:
    """Every `<database>.<name>.sql` below `folder`, in the order of their names."""
    return [_read(path) for path in sorted(folder.glob("*.sql"))]


def freshness_view(contracts: Iterable[Contract]) -> View:
    """`ops.table_freshness`: one row per table, from what Iceberg knows of it; no data file is read.

    What maintenance rewrites does not count as written, or a table that nobody feeds would look fresh.

    Columns: table_name varchar, promised_hours double (how old its newest row may be, null without a promise),
    written_at timestamp(3) with time zone (null if it was never written).
    """
    selects = [_freshness_of(table) for contract in contracts for table in contract.tables]
    body = "\n\nunion all\n\n".join(selects)
    return View("ops", "table_freshness", f"create or replace view ops.table_freshness as\n{body}")


def _freshness_of(table: Table) -> str:
    promised = "null" if table.promised_hours is None else f"{table.promised_hours:g}"
    return (
        f"select\n    '{table.physical_name}' as table_name,\n    cast({promised} as double) as promised_hours,\n"
        "    max(history.made_current_at) as written_at\n\n"
        f'from {table.database}."{table.bare_name}$history" as history\n\n'
        f'inner join {table.database}."{table.bare_name}$snapshots" as snapshots\n'
        "    on history.snapshot_id = snapshots.snapshot_id\n\n"
        "where snapshots.operation <> 'replace'"
    )


def masked_views(contracts: Iterable[Contract]) -> list[View]:
    """For each table with personal data a view `<table>_masked` of the same columns and types, fit for analysts."""
    tables = (table for contract in contracts for table in contract.tables)
    return [_masked(table) for table in tables if any(column.mask for column in table.columns)]


def _masked(table: Table) -> View:
    name = f"{table.bare_name}_masked"
    cells = (f"{column.mask} as {column.name}" if column.mask else column.name for column in table.columns)
    columns = ",\n    ".join(cells)
    sql = f"create or replace view {table.database}.{name} as\nselect\n    {columns}\n\nfrom {table.physical_name}"
    return View(table.database, name, sql)


def plan(glue: "GlueClient", views: list[View]) -> list[ViewChange]:
    """What `apply` would do; empty when every view is as its file says."""
    return list(_changes(glue, views))


def apply(glue: "GlueClient", athena: "Athena", views: list[View]) -> list[ViewChange]:
    """Create and replace views through Athena. Raises QueryError with Athena's message for a view it refuses."""
    changes = plan(glue, views)
    for change in changes:
        athena.run(change.view.sql, database=change.view.database)
    return changes


def _read(path: Path) -> View:
    database, _, name = path.stem.partition(".")
    return View(database, name, path.read_text().rstrip().rstrip(";"))


def _changes(glue: "GlueClient", views: list[View]) -> Iterator[ViewChange]:
    for view in views:
        stored = _stored_body(glue, view)
        if stored is None:
            yield ViewChange(view, "create view")
        elif stored != view.body:
            yield ViewChange(view, "replace view")


def _stored_body(glue: "GlueClient", view: View) -> str | None:
    try:
        table = glue.get_table(DatabaseName=view.database, Name=view.name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None
    encoded = table.get("ViewOriginalText", "").removeprefix(COMMENT_VIEW).removesuffix(" */")
    definition = json.loads(base64.b64decode(encoded)) if encoded else {}
    return _without_spaces(str(definition.get("originalSql", "")).lower())


def _without_spaces(sql: str) -> str:
    """Athena stores the text as it was sent, but engines may re-format it: only letters that matter are compared."""
    return "".join(sql.split())
