"""Athena views: those of the SQL files, one `create or replace view` per file, and those derived from the contracts.

A view's columns have Hive's types, so instants are cast to `timestamp(3)`, in UTC. Athena reformats the text of a view
when it stores it, so the text cannot be compared with the file. Instead two fingerprints in the parameters of its Glue
table tell whether it is still the view that was created from the file.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cartlake.contracts import Column, Contract, Table
from cartlake.errors import TransientError
from cartlake_cli.athena.nested_times import without_zones

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient

    from cartlake_cli.athena.client import Athena

STATEMENT_PARAMETER = "cartlake.view_statement"
"""Parameter of a view in Glue: the fingerprint of the statement that created it."""

STORED_PARAMETER = "cartlake.view_stored"
"""Parameter of a view in Glue: the fingerprint of the text Athena stored then. It differs if the view was replaced."""

_TABLE_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
)


@dataclass(frozen=True)
class View:
    """One view. `sql` is its whole `create or replace view` statement."""

    database: str
    name: str
    sql: str

    @property
    def fingerprint(self) -> str:
        """Return SHA-256 of the statement in hexadecimal, without line breaks and indentation."""
        return _fingerprint(" ".join(self.sql.split()))


@dataclass(frozen=True)
class ViewChange:
    """A view to be created, or replaced because its definition differs."""

    view: View
    action: Literal["create view", "replace view"]


def read_views(folder: Path) -> list[View]:
    """Return the views of every `<database>.<name>.sql` in `folder`, in the order of their names."""
    return [_read(path) for path in sorted(folder.glob("*.sql"))]


def freshness_view(contracts: Iterable[Contract]) -> View:
    """Return the view `ops.table_freshness`: one row per table, from Iceberg's metadata; no data file is read.

    A rewrite by maintenance does not count as written: otherwise a table without new rows would look fresh.

    Columns: table_name varchar, promised_hours double (the greatest age by its SLA, null without an SLA), written_at
    timestamp(3), UTC (null if it was never written).
    """
    selects = [_freshness_of(table) for contract in contracts for table in contract.tables]
    body = "\n\nunion all\n\n".join(selects)
    return View("ops", "table_freshness", f"create or replace view ops.table_freshness as\n{body}")


def _freshness_of(table: Table) -> str:
    promised = "null" if table.promised_hours is None else f"{table.promised_hours:g}"
    return (
        f"select\n    '{table.physical_name}' as table_name,\n    cast({promised} as double) as promised_hours,\n"
        "    cast(max(history.made_current_at) as timestamp(3)) as written_at\n\n"
        f'from {table.database}."{table.bare_name}$history" as history\n\n'
        f'inner join {table.database}."{table.bare_name}$snapshots" as snapshots\n'
        "    on history.snapshot_id = snapshots.snapshot_id\n\n"
        "where snapshots.operation <> 'replace'"
    )


def masked_views(contracts: Iterable[Contract]) -> list[View]:
    """Return for each table with personal data a view `<table>_masked` of the same columns, for analysts.

    Types are those of the table, except that instants are `timestamp(3)` in UTC.
    """
    tables = (table for contract in contracts for table in contract.tables)
    return [_masked(table) for table in tables if any(column.mask for column in table.columns)]


def _masked(table: Table) -> View:
    name = f"{table.bare_name}_masked"
    columns = ",\n    ".join(map(_cell, table.columns))
    sql = f"create or replace view {table.database}.{name} as\nselect\n    {columns}\n\nfrom {table.physical_name}"
    return View(table.database, name, sql)


def _cell(column: Column) -> str:
    shown = column.mask or column.name
    if column.type == "timestamp":
        shown = f"cast({shown} as timestamp(3))"
    elif column.is_nested and not column.mask:
        shown = without_zones(column)
    return shown if shown == column.name else f"{shown} as {column.name}"


def plan(glue: "GlueClient", views: list[View]) -> list[ViewChange]:
    """Return what `apply` would do; empty when every view is the one created from its file."""
    return list(_changes(glue, views))


def apply(glue: "GlueClient", athena: "Athena", views: list[View]) -> list[ViewChange]:
    """Create and replace views through Athena; returns the changes made.

    Raises QueryError with Athena's message for a view it refuses, TransientError for one that is changed meanwhile.
    """
    changes = plan(glue, views)
    for change in changes:
        athena.run(change.view.sql, database=change.view.database)
        _store_fingerprints(glue, change.view)
    return changes


def _read(path: Path) -> View:
    database, _, name = path.stem.partition(".")
    return View(database, name, path.read_text().rstrip().rstrip(";"))


def _changes(glue: "GlueClient", views: list[View]) -> Iterator[ViewChange]:
    for view in views:
        entry = _entry(glue, view)
        if entry is None:
            yield ViewChange(view, "create view")
        elif not _is_made_from(view, entry):
            yield ViewChange(view, "replace view")


def _entry(glue: "GlueClient", view: View) -> dict[str, Any] | None:
    try:
        return dict(glue.get_table(DatabaseName=view.database, Name=view.name)["Table"])
    except glue.exceptions.EntityNotFoundException:
        return None


def _is_made_from(view: View, entry: Mapping[str, Any]) -> bool:
    parameters = entry.get("Parameters") or {}
    return (parameters.get(STATEMENT_PARAMETER), parameters.get(STORED_PARAMETER)) == (view.fingerprint, _stored(entry))


def _store_fingerprints(glue: "GlueClient", view: View) -> None:
    """Write both fingerprints to the view. Without them it is replaced again by the next `apply`."""
    entry = _entry(glue, view) or {}
    marks = {STATEMENT_PARAMETER: view.fingerprint, STORED_PARAMETER: _stored(entry)}
    written: Any = {key: entry[key] for key in _TABLE_INPUT if entry.get(key)}
    written["Parameters"] = {**(entry.get("Parameters") or {}), **marks}
    # With the version, Glue refuses the update if another writer replaced the view in between.
    version: Any = {"VersionId": entry["VersionId"]} if entry.get("VersionId") else {}
    try:
        glue.update_table(DatabaseName=view.database, TableInput=written, SkipArchive=True, **version)
    except glue.exceptions.ConcurrentModificationException as error:
        raise TransientError(
            f"view {view.database}.{view.name} was changed by another writer just now; run `lake tables apply` again"
        ) from error


def _stored(entry: Mapping[str, Any]) -> str:
    return _fingerprint(str(entry.get("ViewOriginalText", "")))


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
