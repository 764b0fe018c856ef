"""Statistics of a table from its Iceberg metadata: files by partition, snapshots, branches and tags."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cartlake.runs.ids import AUDIT_PREFIX, DELETED_KEYS
from cartlake.tables.snapshots import MAIN

IN_FLIGHT: Final = timedelta(days=1)
"""A branch that was written within this time may belong to a running run."""
LEFTOVER: Final = timedelta(days=3)
"""A branch that was not written for this long belongs to no run any more: runs time out earlier."""
_RUN_BEGAN: Final = re.compile(rf"_(\d{{8}}T\d{{6}})_[0-9a-f]{{6}}(?:_{DELETED_KEYS})?$")


@dataclass(frozen=True, slots=True)
class PartitionFiles:
    """The data files of one partition, sizes in bytes. `small` files are below the size from which files are kept."""

    files: int
    size: int
    small: int
    small_size: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot. `operation` is Iceberg's: append, overwrite, delete or replace."""

    snapshot_id: int
    parent_id: int | None
    at: datetime
    operation: str


@dataclass(frozen=True, slots=True)
class FileStats:
    """The statistics of a table now. `branches` and `tags` are ids of snapshots by name.

    `records` is the number of rows in data files, the `deleted_rows` included. `tidied_by_runs`: the table has the
    property by which runs of the light engine join its small files.
    """

    partitions: Sequence[PartitionFiles] = ()
    records: int = 0
    delete_files: int = 0
    deleted_rows: int = 0
    manifests: int = 0
    snapshots: Sequence[Snapshot] = ()
    branches: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)
    tidied_by_runs: bool = False

    @property
    def head(self) -> int | None:
        """Return the snapshot that readers see, None for a table that was never written."""
        return self.branches.get(MAIN)

    def ancestors(self, snapshot_id: int | None) -> list[Snapshot]:
        """Return a snapshot and its ancestors that have not expired, newest first."""
        known = {snapshot.snapshot_id: snapshot for snapshot in self.snapshots}
        found = []
        while snapshot_id in known:
            found.append(known[snapshot_id])
            snapshot_id = known[snapshot_id].parent_id
        return found


def in_flight(stats: FileStats, now: datetime) -> list[str]:
    """Return the branches that may belong to a running run: started or written in the last day."""
    runs = stats.branches.keys() - {MAIN, DELETED_KEYS}
    return sorted(name for name in runs if now - _touched_at(stats, name, now) < IN_FLIGHT)


def leftovers(stats: FileStats, now: datetime) -> list[str]:
    """Return audit branches of runs that ended long ago without publishing. They keep their files from expiring."""
    audits = (name for name in stats.branches if name.startswith(AUDIT_PREFIX))
    return sorted(name for name in audits if now - _touched_at(stats, name, now) >= LEFTOVER)


def _touched_at(stats: FileStats, branch: str, now: datetime) -> datetime:
    """Return when a branch was last written, or when its run started, whichever is later.

    A branch that its run has not written yet has the snapshot of main, which may be old; its name has the start.
    """
    known = {snapshot.snapshot_id: snapshot.at for snapshot in stats.snapshots}
    written, begun = known.get(stats.branches[branch], now), _RUN_BEGAN.search(branch)
    return written if begun is None else max(written, datetime.strptime(f"{begun[1]}+0000", "%Y%m%dT%H%M%S%z"))
