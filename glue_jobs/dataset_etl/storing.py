"""Write accepted rows to the audit branch: those of new files are added, those of a backfill replace earlier ones."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from glue_jobs.dataset_etl import counts
from glue_jobs.dataset_etl.counts import SliceCounts
from glue_jobs.dataset_etl.deleting import Deleted, Kept, Origin, carry_out, told_apart
from glue_jobs.dataset_etl.moving import left_days, moved_keys
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import BatchCounts, Branch, Rows
from glue_jobs.transforms.file_rows import backfill, steps, versions
from glue_jobs.transforms.scopes import of_days_sql


@dataclass(frozen=True, slots=True)
class Replaced:
    """`gone` has the keys to delete, `old_days` the days of all stored rows that are changed or deleted."""

    gone: Rows
    old_days: frozenset[date]
    slice: SliceCounts


@dataclass(frozen=True, slots=True)
class Stored:
    """Counts of a run on its branch: rows `published` by day, and `duplicate` rows, the same as or older than others.

    `old_days` are days that rows left, or were changed or deleted on. In a backfill some rows are `withdrawn`, and
    `slice` is what its other slices must know. `deletes` are counts of rows that delete their key.
    """

    published: Counter[date]
    duplicate: int
    withdrawn: int = 0
    old_days: frozenset[date] = frozenset()
    slice: SliceCounts = field(default_factory=SliceCounts)
    deletes: Deleted = field(default_factory=Deleted)

    @property
    def touched_days(self) -> list[str]:
        """The days of which rows were added, changed or deleted, as `yyyy-mm-dd`."""
        return [day.isoformat() for day in sorted(self.old_days | set(self.published))]


def deduplicate(run: Run, accepted: Rows, number: int) -> Kept:
    """Keep the newest of this number of rows for every key. Only rows whose key occurs more than once are ranked."""
    engine, table = run.engine, run.table
    repeated = engine.keep(engine.apply(versions.repeated_keys, accepted, table=table))
    [row] = engine.collect(engine.apply(steps.total_copies, repeated))
    if not row["keys"]:
        return Kept(accepted, number, 0)
    unique = engine.apply(versions.deduplicate, accepted, repeated, table=table)
    left_out = int(row["copies"]) - int(row["keys"])
    return Kept(unique, number - left_out, left_out)


def append_and_merge(run: Run, kept: Kept, batch: BatchCounts, branch: Branch) -> Stored:
    """Append the rows that no stored row can have the key of, merge the others, and count the rows of the branch.

    Rows are appended on days the table has none of, unless keys that are stored on another day move there.
    """
    kept = told_apart(run, kept, origins=())
    engine, table, timed = run.engine, run.table, run.phases.timed
    with timed("find_keys"):
        moved = moved_keys(run, kept.rows, kept.count, branch)
    stored_days = engine.stored_days(branch, table, batch.days) | moved.to
    compared, new_days = stored_days | moved.old, batch.days - stored_days
    with timed("append"):
        if new_days:
            fresh = engine.where(kept.rows, of_days_sql(table, new_days)) if stored_days else kept.rows
            engine.append(fresh, branch, clustered=batch.clustered)
    known = engine.where(kept.rows, of_days_sql(table, stored_days)) if new_days else kept.rows
    with timed("merge"):
        if stored_days:
            engine.merge(known, kept.count, branch, table, compared)
        deleted = carry_out(run, kept, branch, origins=())
    with timed("count"):
        published = counts.published_rows(run, branch, batch.days)
        # Counted only when rows are missing, and only of those that were merged: all others are published.
        outdated = 0
        if stored_days and published.total() < kept.count:
            outdated = counts.outdated_rows(run, branch, known, compared)
        old_days = left_days(run, moved, counts.rows_of_run(run, branch, batch.days)) | deleted.days
    return Stored(published, kept.left_out + outdated, old_days=old_days, deletes=deleted)


def replace(run: Run, kept: Kept, batch: BatchCounts, branch: Branch) -> Stored:
    """Make the branch what it would be, had the files been read for the first time now, and count its rows.

    Rows that stay the same are not touched.
    """
    origins = _origins(run)
    kept = told_apart(run, kept, origins)
    with run.phases.timed("find_keys"):
        moved = moved_keys(run, kept.rows, kept.count, branch)
    with run.phases.timed("replace"):
        replaced = _replaced(run, kept, branch, origins)
        deleted = carry_out(run, kept, branch, origins)
    with run.phases.timed("count"):
        return Stored(
            published=counts.published_rows(run, branch, batch.days),
            duplicate=kept.left_out + counts.known_rows(run, branch, kept.rows),
            withdrawn=counts.withdrawn_rows(run, branch, replaced.gone),
            old_days=replaced.old_days | moved.joined | deleted.days,
            slice=replaced.slice,
            deletes=deleted,
        )


def _replaced(run: Run, kept: Kept, branch: Branch, origins: Sequence[Origin]) -> Replaced:
    engine, table, rows = run.engine, run.table, kept.rows
    loads = engine.frame(origins, backfill.ORIGIN_SCHEMA)
    stored = engine.apply(backfill.with_origin, engine.read_branch(branch, table), loads)
    # Frozen, because the branch they are read from is what they change.
    changed = engine.freeze(engine.apply(backfill.changed_rows, rows, stored, table=table))
    gone = engine.freeze(engine.apply(backfill.keys_without_successor, rows, stored, table=table))
    touched = engine.apply(steps.keys_of_both, changed, gone, table=table)
    days = engine.collect(engine.apply(backfill.days_of_keys, stored, touched, table=table))
    counted = counts.slice_counts(run, rows, stored)
    counted = dataclasses.replace(counted, outranked=counted.outranked + kept.outranked)
    engine.replace(changed, gone, branch, table)
    return Replaced(gone, frozenset(row["day"] for row in days), counted)


def _origins(run: Run) -> list[tuple[object, ...]]:
    """Return file, run and true for all rows these files ever gave, including an earlier attempt of this run.

    Those that later slices read again have false.
    """
    files, part = run.manifest.files, run.manifest.part
    pairs = {(load.source_file, load.run_id) for file in files for load in file.loads}
    pairs |= {(file.source_file, run.run_id) for file in files}
    unread = {(load.source_file, load.run_id) for load in part.unread} - pairs if part else set()
    return [*((*pair, True) for pair in sorted(pairs)), *((*pair, False) for pair in sorted(unread))]
