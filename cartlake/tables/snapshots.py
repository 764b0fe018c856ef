"""The versions of an Iceberg table: which run wrote each of them, and rollback to one in a single commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cartlake.errors import TerminalError, TransientError
from cartlake.runs.ids import RUN_ID

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.table.snapshots import Snapshot
    from pyiceberg.table.update import SetSnapshotRefUpdate

MAIN: Final = "main"
RUN_PROPERTY: Final = "cartlake.run-id"
"""Property of a snapshot's summary: the run that wrote it."""

ADDED_BYTES: Final = "added-files-size"
"""Property of a snapshot's summary: the bytes of the files that it added, deletes included."""

_SNAPSHOT_ID: Final = re.compile(r"\d{6,}")


class UnknownVersionError(TerminalError):
    """The table has no such version, or it has expired."""


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot that readers see or saw, and `since` when. `rows` and `data_files` are totals of the table.

    A snapshot is in the history twice after a rollback to it. Totals are None where the writer did not store them.
    """

    snapshot_id: int
    since: datetime
    operation: str
    run_id: str | None
    added_rows: int
    removed_rows: int
    rows: int | None
    data_files: int | None
    is_current: bool


def versions(table: IcebergTable) -> list[Version]:
    """Return what readers of the table saw, newest first; versions whose snapshot has expired are left out."""
    snapshots = {snapshot.snapshot_id: snapshot for snapshot in table.metadata.snapshots}
    log = table.metadata.snapshot_log
    return [
        _version(snapshots[entry.snapshot_id], entry.timestamp_ms, is_current=place == len(log) - 1)
        for place, entry in reversed(list(enumerate(log)))
        if entry.snapshot_id in snapshots
    ]


def _version(snapshot: Snapshot, millis: int, *, is_current: bool) -> Version:
    said = dict(snapshot.summary.additional_properties) if snapshot.summary else {}

    def count(name: str) -> int | None:
        return int(said[name]) if name in said else None

    return Version(
        snapshot_id=snapshot.snapshot_id,
        since=datetime.fromtimestamp(millis / 1000, UTC),
        operation=str(snapshot.summary.operation.value) if snapshot.summary else "",
        run_id=said.get(RUN_PROPERTY),
        added_rows=count("added-records") or 0,
        removed_rows=(count("deleted-records") or 0) + (count("added-position-deletes") or 0),
        rows=None
        if count("total-records") is None
        else int(said["total-records"]) - (count("total-position-deletes") or 0),
        data_files=count("total-data-files"),
        is_current=is_current,
    )


def find_version(table: IcebergTable, name: str, wanted: str) -> Version:
    """Return the newest version for a snapshot id, a run id, or a time (ISO 8601, UTC if it has no time zone).

    For a time it is the version that readers saw then. `name` is the table's name in messages. Raises
    UnknownVersionError that says which versions there are.
    """
    known = versions(table)
    # A number of six digits or more is an id, also where it could be a date without dashes.
    if _SNAPSHOT_ID.fullmatch(wanted):
        found = [version for version in known if version.snapshot_id == int(wanted)]
    elif RUN_ID.fullmatch(wanted):
        found = [version for version in known if version.run_id == wanted]
    else:
        instant = _instant(name, wanted)
        found = [version for version in known if version.since <= instant]
    if not found:
        # Versions expire, so the user has to know how far back the history goes.
        oldest = f"the oldest is of {known[-1].since:%Y-%m-%d %H:%M:%S} UTC" if known else "it was never written"
        raise UnknownVersionError(
            f"{name} has no version {wanted}: {oldest}. `lake history {name}` lists all. Older "
            "versions have expired; `lake backfill` loads their files again."
        )
    return found[0]


def _instant(name: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnknownVersionError(
            f"{text!r} is not a version of {name}: give a snapshot id, a run id, or a time such as 2026-11-20T12:00."
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def branch_at(table: IcebergTable, name: str, snapshot_id: int) -> SetSnapshotRefUpdate:
    """Return the update that sets a branch to a snapshot, and keeps the settings that the branch has."""
    from pyiceberg.table.update import SetSnapshotRefUpdate  # noqa: PLC0415 - seconds to import

    known = table.metadata.refs.get(name)
    return SetSnapshotRefUpdate(
        ref_name=name,
        type="branch",
        snapshot_id=snapshot_id,
        # The update replaces the whole reference, so its settings have to be repeated.
        max_ref_age_ms=known.max_ref_age_ms if known else None,
        max_snapshot_age_ms=known.max_snapshot_age_ms if known else None,
        min_snapshots_to_keep=known.min_snapshots_to_keep if known else None,
    )


def go_back(table: IcebergTable, snapshot_id: int) -> None:
    """Roll main back to a snapshot. Raises TransientError, and changes nothing, if another commit came first."""
    # Seconds to import, and the commands that only read need none of it.
    from pyiceberg.exceptions import CommitFailedException  # noqa: PLC0415
    from pyiceberg.table.update import AssertRefSnapshotId  # noqa: PLC0415

    main = table.metadata.refs.get(MAIN)
    # Without this condition, the rollback would also undo a commit that came after the table was read.
    unmoved = AssertRefSnapshotId(ref=MAIN, snapshot_id=main.snapshot_id if main else None)
    try:
        table.catalog.commit_table(table, (unmoved,), (branch_at(table, MAIN, snapshot_id),))
    except CommitFailedException as error:
        raise TransientError(
            f"{'.'.join(table.name())} was changed by another writer just now. Look at its history, then try again."
        ) from error
