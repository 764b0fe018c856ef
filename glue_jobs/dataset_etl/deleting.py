"""Rows that delete their key: told apart from the others, remembered, and carried out on the audit branch.

Deletes are remembered on the branch `deleted_keys` of the same table, one row per key. A run adds to a branch that
starts there, and the publisher moves both in the commit that publishes the rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from cartlake.runs.ids import DELETED_KEYS, audit_branch, deleted_keys_branch
from glue_jobs.dataset_etl.moving import NO_DAYS
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import BatchCounts, Branch, Rows
from glue_jobs.transforms.file_rows import backfill, deletes, moves

Origin: TypeAlias = tuple[object, ...]
"""File, run, and whether their rows are replaced: the columns of `backfill.ORIGIN_SCHEMA`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Accepted rows, one per key: their number, and how many others were left out, the same as or older than others.

    `deletes` are rows that delete their key, which are not among `rows`; None where the contract has none.
    `outranked` rows lost to a delete of a file that a later slice of the same backfill reads again.
    """

    rows: Rows
    count: int
    left_out: int
    deletes: Rows | None = None
    outranked: int = 0


@dataclass(frozen=True, slots=True)
class Deleted:
    """What the deletes of a run did: so many are `remembered`, `rows` left the table, on these `days`.

    `spared` keys would have left it with a full copy all of whose rows can be read.
    """

    remembered: int = 0
    rows: int = 0
    spared: int = 0
    days: frozenset[date] = NO_DAYS


def told_apart(run: Run, kept: Kept, origins: Sequence[Origin]) -> Kept:
    """Return the kept rows without those that delete their key, and without those a delete on record is not older than.

    Deletes that are not newer than the one on record of their key are left out too. In a backfill, deletes of its own
    files are not on record any more: `origins` are as `storing` has them.
    """
    engine, table = run.engine, run.table
    if not table.deleted_when:
        return kept
    rows = engine.apply(deletes.live_rows, kept.rows, table=table)
    found = engine.keep(engine.apply(deletes.deletes_of, kept.rows, table=table))
    known = _on_record(run, origins)
    if known is None:
        return replace(kept, rows=rows, count=engine.count(rows), deletes=found)
    others, unread = engine.where(known, "not _ours"), engine.where(known, "_unread")
    lost, repeated, outranked = (
        engine.count(engine.apply(deletes.beaten, one, other, table=table))
        for one, other in ((rows, others), (found, others), (rows, unread))
    )
    rows = engine.apply(deletes.unbeaten, rows, others, table=table)
    return Kept(
        rows=rows,
        count=engine.count(rows),
        left_out=kept.left_out + lost + repeated,
        deletes=engine.keep(engine.apply(deletes.unbeaten, found, others, table=table)),
        outranked=outranked,
    )


def carry_out(run: Run, kept: Kept, branch: Branch, origins: Sequence[Origin]) -> Deleted:
    """Delete what the deletes of the run delete, on its audit branch, and remember them."""
    engine, table, found = run.engine, run.table, kept.deletes
    if found is None:
        return Deleted()
    remembered = _remembered(run, found, origins)
    gone = engine.freeze(engine.apply(deletes.deleted_keys, engine.read_branch(branch, table), found, table=table))
    rows = engine.count(gone)
    if rows:
        engine.replace(engine.where(found, "false"), engine.apply(moves.keys_of, gone, table=table), branch, table)
    days = engine.collect(engine.apply(deletes.distinct_days, gone))
    return Deleted(remembered, rows, days=frozenset(row["day"] for row in days))


def deleted_all(run: Run, batch: BatchCounts, branch: Branch, days: Collection[date]) -> bool:
    """Return whether the branch has no row of these days although rows were accepted: then all were deleted."""
    if not ((run.table.deleted_when or run.table.full_copy) and batch.accepted):
        return False
    return not run.engine.count(run.engine.read_branch(branch, run.table, days))


def _on_record(run: Run, origins: Sequence[Origin]) -> Rows | None:
    """The deletes that the table remembers, with their origin; None where it has none yet."""
    engine, head = run.engine, run.engine.head(run.target, DELETED_KEYS)
    if head is None:
        return None
    known = engine.read_branch(Branch(run.target, DELETED_KEYS, head), run.table)
    return engine.apply(backfill.with_origin, known, engine.frame(origins, backfill.ORIGIN_SCHEMA))


def _remembered(run: Run, found: Rows, origins: Sequence[Origin]) -> int:
    """Add deletes to those on record, instead of those of the same files in a backfill. Returns how many of this run.

    What an earlier attempt of the run left is dropped, also where this one has nothing to add.
    """
    engine, table = run.engine, run.table
    name = deleted_keys_branch(audit_branch(run.run_id))
    engine.drop_branch(run.target, name)
    known = _on_record(run, origins)
    ours = engine.where(found if known is None else known, "false" if known is None else "_ours")
    # Frozen, because the branch they are read from is what they change.
    gone = engine.freeze(engine.apply(deletes.keys_without, ours, found, table=table))
    if not engine.count(found) + engine.count(gone):
        return 0
    branch = engine.fresh_branch(run.target, name, DELETED_KEYS)
    engine.replace(found, gone, branch, table)
    return engine.count(engine.where(engine.read_branch(branch, table), f"_run_id = '{run.run_id}'"))
