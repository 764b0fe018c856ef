"""Keys of a batch that stand on another day of the table, so that each stands once, whatever its event times were.

A merge compares the rows of the batch's days and of the days found here. Tables that keys were loaded into while their
event times were declared fixed may hold a key on several days: then its newest row stays.
"""

import logging
from dataclasses import dataclass
from datetime import date

from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import Branch, Rows
from glue_jobs.transforms.file_rows import moves, steps, versions

log = logging.getLogger(__name__)

NO_DAYS: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Moved:
    """Keys that stand on another day than their row of the batch: `to` are the days of the batch's rows, `old` those
    of the stored rows. `joined` are the days of rows that stood beside others of their key, and were made one.

    `keys` is None when there are none.
    """

    keys: Rows | None = None
    to: frozenset[date] = NO_DAYS
    old: frozenset[date] = NO_DAYS
    joined: frozenset[date] = NO_DAYS


def moved_keys(run: Run, kept: Rows, count: int, branch: Branch) -> Moved:
    """Find the keys of the kept rows that stand on other days; of a key that stands on several, keep the newest row.

    `count` is about the number of the kept rows. Reads nothing where no key can have moved.
    """
    if branch.base is None or not count or run.table.keys_keep_their_day:
        return Moved()
    found = _look_up(run, kept, count, branch)
    if found.keys is None:
        return found
    joined = _join_copies(run, found, branch)
    if not joined:
        return found
    again = _look_up(run, kept, count, branch)
    return Moved(again.keys, again.to, again.old, joined)


def left_days(run: Run, moved: Moved, published: Rows) -> frozenset[date]:
    """Return the days on which the table changed because a row moved elsewhere. `published` are this run's rows."""
    if moved.keys is None:
        return moved.joined
    days = run.engine.collect(run.engine.apply(moves.left_days, moved.keys, published, table=run.table))
    return moved.joined | {row["day"] for row in days}


def _look_up(run: Run, kept: Rows, count: int, branch: Branch) -> Moved:
    engine = run.engine
    keys = engine.moved_keys(kept, count, branch, run.table)
    if not engine.count(keys):
        return Moved()
    pairs = engine.collect(engine.apply(moves.day_pairs, keys))
    return Moved(keys, frozenset(row["day"] for row in pairs), frozenset(row["stored_day"] for row in pairs))


def _join_copies(run: Run, moved: Moved, branch: Branch) -> frozenset[date]:
    """Make one of the rows of each key that has several; return the days of all of them."""
    engine, table = run.engine, run.table
    stored = engine.read_branch(branch, table, moved.to | moved.old)
    copies = engine.freeze(engine.apply(moves.copies_of_keys, stored, moved.keys, table=table))
    days = frozenset(row["day"] for row in engine.collect(engine.apply(steps.rows_by_day, copies, table=table)))
    if not days:
        return NO_DAYS
    newest = engine.freeze(engine.apply(versions.newest, copies, table=table))
    keys = engine.apply(moves.keys_of, newest, table=table)
    log.warning("Keys of %s stood on several days of %s; their newest rows stay.", run.dataset, sorted(days))
    engine.replace(engine.where(newest, "false"), keys, branch, table)
    engine.append(newest, branch, clustered=False)
    return days
