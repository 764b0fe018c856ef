"""The version of a table that its readers see, for code that reads whole tables and changes none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table.snapshots import Operation

from cartlake.tables.snapshots import versions
from glue_jobs.engines.duckdb.iceberg.tables import head_of, scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot

    from glue_jobs.engines.duckdb.lake_tables import LakeTables


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a table, with None for all of a table that was never written.

    `written_at` is when readers saw other rows for the last time; where files were only joined, they did not.
    """

    snapshot_id: int | None
    written_at: datetime | None
    rows: int | None
    _table: Table

    def sql(self, columns: Collection[str]) -> str:
        """Return a query of some columns of all rows."""
        return scan(self._table, self.snapshot_id).sql(columns=columns)


def published(tables: LakeTables, name: str) -> Published | None:
    """Return what readers see of a table by its full name, None where there is no such table."""
    try:
        table = tables.load(name)
    except NoSuchTableError:
        return None
    newest = next(iter(versions(table)), None)
    return Published(head_of(table), written_at(table), newest.rows if newest else None, table)


def written_at(table: Table) -> datetime | None:
    """Return when readers saw other rows of a table for the last time, None where they never saw any.

    A run may publish several snapshots at once, of which only the last is in the log, and that may join files.
    """
    log = [(entry.snapshot_id, entry.timestamp_ms) for entry in table.metadata.snapshot_log]
    befores = [None, *(snapshot_id for snapshot_id, _ in log)]
    for before, (after, millis) in reversed(list(zip(befores, log, strict=False))):
        if any(_changes_rows(snapshot) for snapshot in _between(table, before, after)):
            return datetime.fromtimestamp(millis / 1000, UTC)
    return None


def _between(table: Table, before: int | None, after: int) -> Iterator[Snapshot]:
    """Yield the snapshots from `after` back to `before`, which is not among them, or to the oldest that is kept."""
    known: int | None = after
    while known is not None and known != before and (snapshot := table.metadata.snapshot_by_id(known)):
        yield snapshot
        known = snapshot.parent_snapshot_id


def _changes_rows(snapshot: Snapshot) -> bool:
    return snapshot.summary is None or snapshot.summary.operation is not Operation.REPLACE
