"""The versions of an Iceberg table: what made each of them, and going back to one in a single commit."""

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
"""The jobs write the run into the summary of each snapshot they make, under this name."""

_SNAPSHOT_ID: Final = re.compile(r"\d{6,}")


class UnknownVersionError(TerminalError):
    """No version of the table is what was asked for, or it has expired."""


@dataclass(frozen=True, slots=True)
class Version:
    """One time at which a snapshot became what readers see. `rows` and `data_files` are totals of the table then.

    The same snapshot comes twice in a history after a rollback to it. Counts are None where no writer said.
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
    """What readers of the table saw, newest first; versions whose snapshot has expired are left out."""
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
    """The newest version that is meant by a snapshot id, a run id, or a time (ISO 8601, UTC if it names no zone).

    A time means what readers saw then. Raises UnknownVersionError naming the table, what was asked for, and what to do.
    """
    known = versions(table)
    if _SNAPSHOT_ID.fullmatch(wanted):
        found = [version for version in known if version.snapshot_id == int(wanted)]
    elif RUN_ID.fullmatch(wanted):
        found = [version for version in known if version.run_id == wanted]
    else:
        instant = _instant(name, wanted)
        found = [version for version in known if version.since <= instant]
    if not found:
        oldest = f"the oldest is of {known[-1].since:%Y-%m-%d %H:%M:%S} UTC" if known else "it was never written"
        raise UnknownVersionError(
            f"{name} has no version {wanted}: {oldest}. `lake history {name}` lists them; older ones have expired, "
            "and are made again by a backfill only."
        )
    return found[0]


def _instant(name: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnknownVersionError(
            f"{text!r} is no version of {name}: give a snapshot id, a run id, or a time such as 2026-11-20T12:00."
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def main_at(table: IcebergTable, snapshot_id: int) -> SetSnapshotRefUpdate:
    """The update that moves main to a snapshot, and leaves what was configured on main as it is."""
    from pyiceberg.table.update import SetSnapshotRefUpdate  # noqa: PLC0415 - seconds to import

    main = table.metadata.refs.get(MAIN)
    return SetSnapshotRefUpdate(
        ref_name=MAIN,
        type="branch",
        snapshot_id=snapshot_id,
        # Setting a reference replaces it whole, so what was configured has to be said again.
        max_ref_age_ms=main.max_ref_age_ms if main else None,
        max_snapshot_age_ms=main.max_snapshot_age_ms if main else None,
        min_snapshots_to_keep=main.min_snapshots_to_keep if main else None,
    )


def go_back(table: IcebergTable, snapshot_id: int) -> None:
    """Make a snapshot what readers see. Raises TransientError, and changes nothing, if another commit came first."""
    # Seconds to import, and the commands that only read need none of it.
    from pyiceberg.exceptions import CommitFailedException  # noqa: PLC0415
    from pyiceberg.table.update import AssertRefSnapshotId  # noqa: PLC0415

    main = table.metadata.refs.get(MAIN)
    unmoved = AssertRefSnapshotId(ref=MAIN, snapshot_id=main.snapshot_id if main else None)
    try:
        table.catalog.commit_table(table, (unmoved,), (main_at(table, snapshot_id),))
    except CommitFailedException as error:
        raise TransientError(
            f"{'.'.join(table.name())} was changed by another writer just now: see its history, then try again."
        ) from error
