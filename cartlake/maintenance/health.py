"""The state of a table by its metadata (files, deletes, snapshots, manifests), and what maintenance it needs.

The planner, the Glue job and `lake health` read metadata through different libraries, and all decide by these rules.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from cartlake.contracts import Maintenance
from cartlake.tables.file_stats import FileStats, PartitionFiles, leftovers

MANY_MANIFESTS: Final = 50
"""Manifests are rewritten from this number on. Planning a query reads each of them with a request to S3."""
MANY_DELETE_FILES: Final = 20
"""Position delete files are joined from this number on."""
RUNS_JOIN_BYTES: Final = 1024**3
"""Tables of up to this size are joined by the runs that write them, on the light engine; a job is for the others."""
LEFT_BY_RUNS: Final = 50
"""Files that joining would save, from which on a job is started even for a table that runs join."""
EXPIRES_AT_LEAST: Final = 10
"""Snapshots that have to be old enough before a job is started to expire them."""
ORPHAN_SWEEP: Final = timedelta(days=7)
"""Time between two searches for orphan files. They are rare, and finding them lists all files of the table."""


Count = Annotated[int, Field(ge=0)]


class Action(StrEnum):
    """What maintenance does to a table, in this order."""

    REWRITE = "rewrite_data_files"
    REWRITE_DELETES = "rewrite_position_delete_files"
    REWRITE_MANIFESTS = "rewrite_manifests"
    DROP_BRANCHES = "drop_branches"
    EXPIRE = "expire_snapshots"
    ORPHANS = "remove_orphan_files"
    STATISTICS = "compute_table_stats"
    KEYS = "find_repeated_keys"


MOVES_MAIN: Final = frozenset({Action.REWRITE, Action.REWRITE_DELETES, Action.REWRITE_MANIFESTS})
"""Actions that commit a snapshot. A running run could not publish after one, because it started from an older one."""


class Need(BaseModel):
    """One action that is needed, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    why: str


class Health(BaseModel):
    """The numbers of one table; `size` in bytes. Joining small files would remove `removable_files` of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: Count
    data_files: Count
    size: Count
    small_files: Count
    removable_files: Count
    delete_files: Count
    deleted_rows: Count
    manifests: Count
    snapshots: Count
    oldest_snapshot_at: datetime | None
    written_at: datetime | None

    @property
    def small_file_ratio(self) -> float:
        """Return the share of data files that compaction would remove, 0 to 1."""
        return self.removable_files / self.data_files if self.data_files else 0.0

    @property
    def delete_ratio(self) -> float:
        """Return the share of rows in data files that are deleted, 0 to 1."""
        return min(1.0, self.deleted_rows / (self.rows + self.deleted_rows)) if self.deleted_rows else 0.0


def measure(stats: FileStats, settings: Maintenance) -> Health:
    """Return the numbers of a table by its file statistics; sizes in bytes."""
    main = stats.ancestors(stats.head)
    return Health(
        # Two delete files may delete the same row, so the difference can be below zero.
        rows=max(0, stats.records - stats.deleted_rows),
        data_files=sum(one.files for one in stats.partitions),
        size=sum(one.size for one in stats.partitions),
        small_files=sum(one.small for one in stats.partitions),
        removable_files=removable(stats.partitions, settings, settings.min_input_files),
        delete_files=stats.delete_files,
        deleted_rows=stats.deleted_rows,
        manifests=stats.manifests,
        snapshots=len(stats.snapshots),
        oldest_snapshot_at=min((snapshot.at for snapshot in stats.snapshots), default=None),
        written_at=next((snapshot.at for snapshot in main if snapshot.operation != "replace"), None),
    )


def removable(partitions: Iterable[PartitionFiles], settings: Maintenance, least: int) -> int:
    """Return how many files compaction would remove. Only partitions with `least` small files or more are compacted."""
    joined = (one for one in partitions if one.small >= least)
    return sum(one.small - max(1, ceil(one.small_size / settings.target_bytes)) for one in joined)


def keep_last(stats: FileStats, settings: Maintenance) -> int:
    """Return how many snapshots of main are kept, whatever their age: enough to include the last write.

    Without that snapshot, `written_at` would be the time of the last maintenance, and the table would look fresh.
    """
    since_written = 1
    for snapshot in stats.ancestors(stats.head):
        if snapshot.operation != "replace":
            return max(settings.min_snapshots, since_written)
        since_written += 1
    return settings.min_snapshots


def expirable(stats: FileStats, settings: Maintenance, now: datetime, keep_days: float) -> set[int]:
    """Return the ids of snapshots to expire: those older than `keep_days` that no branch or tag needs.

    The head of a branch or tag is kept, and so are the newest snapshots of each branch.
    """
    cutoff, least = now - timedelta(days=keep_days), keep_last(stats, settings)
    kept = set(stats.tags.values())
    for head in stats.branches.values():
        ancestors = stats.ancestors(head)
        kept |= {one.snapshot_id for place, one in enumerate(ancestors) if place < least or one.at >= cutoff}
    return {one.snapshot_id for one in stats.snapshots if one.at < cutoff} - kept


@dataclass(frozen=True, slots=True)
class MaintenanceOptions:
    """Options of the request. `force` does all that has any effect; `keep_snapshots_days` overrides the contract."""

    force: bool = False
    keep_snapshots_days: float | None = None


def needs(
    stats: FileStats,
    settings: Maintenance,
    now: datetime,
    *,
    options: MaintenanceOptions | None = None,
    orphans_removed_at: datetime | None = None,
) -> list[Need]:
    """Return what maintenance a table needs, in the order to do it; empty where none is needed.

    `orphans_removed_at` is when orphan files were last removed, None if they never were.
    """
    options = options or MaintenanceOptions()
    health = measure(stats, settings)
    left = LEFT_BY_RUNS if stats.tidied_by_runs and health.size <= RUNS_JOIN_BYTES and not options.force else 1
    rewriting = [*_rewriting(stats, health, settings, force=options.force, at_least=left)]
    # With `force` from two on: one manifest cannot be joined with another.
    if health.manifests >= (2 if options.force else MANY_MANIFESTS):
        rewriting.append(Need(action=Action.REWRITE_MANIFESTS, why=f"{health.manifests} manifests"))
    if branches := leftovers(stats, now):
        rewriting.append(Need(action=Action.DROP_BRANCHES, why=f"runs that ended left {', '.join(branches)}"))
    found = [*rewriting, *_expiring(stats, settings, now, options)]
    if _may_hold_orphans(health, settings, now, orphans_removed_at):
        since = f"since {orphans_removed_at:%Y-%m-%d}" if orphans_removed_at else "so far"
        found.append(Need(action=Action.ORPHANS, why=f"orphan files were not removed {since}"))
    return found


def _rewriting(
    stats: FileStats, health: Health, settings: Maintenance, *, force: bool, at_least: int
) -> Iterable[Need]:
    least = 2 if force else settings.min_input_files
    spared = removable(stats.partitions, settings, least)
    share = spared / health.data_files if health.data_files else 0.0
    # One rewrite does both, so deleted rows are a reason of their own only where no files are joined.
    if spared >= at_least and share >= (0 if force else settings.small_file_ratio):
        yield Need(action=Action.REWRITE, why=f"{spared} of {health.data_files} files could be joined to others")
    elif health.deleted_rows and health.delete_ratio >= (0 if force else settings.delete_ratio):
        yield Need(
            action=Action.REWRITE,
            why=f"{health.deleted_rows} rows ({health.delete_ratio:.0%}) are deleted but still in the files",
        )
    if health.delete_files >= (2 if force else MANY_DELETE_FILES):
        yield Need(action=Action.REWRITE_DELETES, why=f"{health.delete_files} delete files")


def _expiring(stats: FileStats, settings: Maintenance, now: datetime, options: MaintenanceOptions) -> Iterable[Need]:
    days = settings.keep_snapshots_days if options.keep_snapshots_days is None else options.keep_snapshots_days
    old = expirable(stats, settings, now, days)
    if len(old) >= (1 if options.force or options.keep_snapshots_days is not None else EXPIRES_AT_LEAST):
        why = f"{len(old)} of {len(stats.snapshots)} snapshots are older than {days:g} days"
        yield Need(action=Action.EXPIRE, why=why)


def _may_hold_orphans(
    health: Health, settings: Maintenance, now: datetime, orphans_removed_at: datetime | None
) -> bool:
    oldest = health.oldest_snapshot_at
    if oldest is None or now - oldest < timedelta(days=settings.orphan_days):
        return False  # the table itself is younger than any file that may be deleted
    return orphans_removed_at is None or now - orphans_removed_at >= ORPHAN_SWEEP


def with_statistics(wanted: Sequence[Need], columns: Collection[str]) -> list[Need]:
    """Return the needs, with counting distinct values added when files are rewritten. It reads the whole table."""
    if columns and any(need.action is Action.REWRITE for need in wanted):
        return [
            *wanted,
            Need(action=Action.STATISTICS, why=f"files change, so {', '.join(columns)} are counted"),
        ]
    return list(wanted)
