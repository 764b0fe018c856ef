"""What Iceberg's metadata says of a table, whoever read it: files by partition, snapshots, branches and tags."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cartlake.runs.ids import AUDIT_PREFIX
from cartlake.tables.snapshots import MAIN

IN_FLIGHT: Final = timedelta(days=1)
"""A branch younger than this may be a run at work."""
LEFTOVER: Final = timedelta(days=3)
"""No run lives that long."""
_RUN_BEGAN: Final = re.compile(r"_(\d{8}T\d{6})_[0-9a-f]{6}$")


@dataclass(frozen=True, slots=True)
class PartitionFiles:
    """The data files of one partition; `small` are those below the size that is worth keeping."""

    files: int
    size: int
    small: int
    small_size: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    snapshot_id: int
    parent_id: int | None
    at: datetime
    operation: str


@dataclass(frozen=True, slots=True)
class FileStats:
    """What metadata says of a table now. `references` are heads by the name of their branch or tag.

    `records` counts the rows of data files, those of `deleted_rows` included.
    """

    partitions: Sequence[PartitionFiles] = ()
    records: int = 0
    delete_files: int = 0
    deleted_rows: int = 0
    manifests: int = 0
    snapshots: Sequence[Snapshot] = ()
    branches: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)

    @property
    def head(self) -> int | None:
        return self.branches.get(MAIN)

    def line(self, snapshot_id: int | None) -> list[Snapshot]:
        """A snapshot and those it grew from, as far as they are known, newest first."""
        known = {snapshot.snapshot_id: snapshot for snapshot in self.snapshots}
        found = []
        while snapshot_id in known:
            found.append(known[snapshot_id])
            snapshot_id = known[snapshot_id].parent_id
        return found


def in_flight(stats: FileStats, now: datetime) -> list[str]:
    """Branches that may be of a run at work: begun or written in the last day, and not main."""
    return sorted(name for name in stats.branches if name != MAIN and now - _touched_at(stats, name, now) < IN_FLIGHT)


def leftovers(stats: FileStats, now: datetime) -> list[str]:
    """Audit branches of runs that ended long ago without publishing: they keep files from being removed."""
    audits = (name for name in stats.branches if name.startswith(AUDIT_PREFIX))
    return sorted(name for name in audits if now - _touched_at(stats, name, now) >= LEFTOVER)


def _touched_at(stats: FileStats, branch: str, now: datetime) -> datetime:
    """When a branch was last written; one that holds nothing of its own yet tells in its name when its run began."""
    known = {snapshot.snapshot_id: snapshot.at for snapshot in stats.snapshots}
    written, begun = known.get(stats.branches[branch], now), _RUN_BEGAN.search(branch)
    return written if begun is None else max(written, datetime.strptime(f"{begun[1]}+0000", "%Y%m%dT%H%M%S%z"))
