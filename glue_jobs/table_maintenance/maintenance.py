"""Maintenance of one table: rewrite its files under a lease, check that no row changed, then remove what is old."""

# ruff: noqa: S608 - table names come from contracts, run ids from the coordinator

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from cartlake.contracts import Table
from cartlake.errors import TerminalError
from cartlake.maintenance.documents import REPEATED_KEYS, Done, MaintainedTable, Outcome, TableWork
from cartlake.maintenance.health import MOVES_MAIN, Action, Health, keep_last, measure
from cartlake.maintenance.key_check import repeated_keys_advice
from cartlake.tables.file_stats import FileStats, Snapshot, in_flight, leftovers
from cartlake.tables.snapshots import RUN_PROPERTY
from glue_jobs.table_maintenance.file_stats import file_stats_of
from glue_jobs.table_maintenance.leases import Budget, Coordinator, Lease, LostLeaseError, leased
from glue_jobs.table_maintenance.procedures import ConflictError, Counts, Procedures

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Attempts at a step that conflicts with commits of other writers."""

OUT_OF_TIME = "the time of this run is used up; the next maintenance does the rest"


class RowsChangedError(TerminalError):
    """A rewrite changed the number of rows. It was rolled back unless other runs had written since."""


@dataclass
class TableMaintenance:
    """The maintenance of one table. New snapshots carry `run_id`; those older than `keep_days` days expire."""

    procedures: Procedures
    table: Table
    work: TableWork
    run_id: str
    keep_days: float
    now: datetime
    budget: Budget
    done: list[Done] = field(default_factory=list)
    advice: str = ""
    """What is wrong with the rows, and what to do; empty when nothing was found."""

    def run(self, coordinator: Coordinator) -> MaintainedTable:
        """Do what is needed and return what was done. Raises RowsChangedError and RunOverError."""
        started, before = time.monotonic(), self.health()
        outcome, reason = self._do(coordinator)
        seconds = round(time.monotonic() - started, 3)
        log.info("%s: %s %s in %.1f s", self.table.physical_name, outcome, reason, seconds)
        return MaintainedTable(
            table=self.table.physical_name,
            outcome=outcome,
            reason=reason,
            done=self.done,
            before=before,
            after=self.health(),
            seconds=seconds,
        )

    def file_stats(self) -> FileStats:
        """Return the file statistics of the table as it is now."""
        return file_stats_of(self.procedures.spark, self.procedures.name, self.table.maintenance)

    def health(self) -> Health:
        """Return the numbers by which the table's need of maintenance is judged, as they are now."""
        return measure(self.file_stats(), self.table.maintenance)

    def _do(self, coordinator: Coordinator) -> tuple[Outcome, str]:
        outcome, reason = self._rewrite_leased(coordinator)
        wanted = [need.action for need in self.work.needs if need.action not in MOVES_MAIN]
        if outcome != "maintained":
            wanted = [action for action in wanted if action is not Action.STATISTICS]
        for action in wanted:
            if self.budget.spent:
                return "yielded", OUT_OF_TIME
            self._note(action, partial(self._clean_up, action))
        return outcome, " ".join(text for text in (reason, self.advice) if text)

    def _rewrite_leased(self, coordinator: Coordinator) -> tuple[Outcome, str]:
        """Do the steps that move main, which must not happen while a run writes the table."""
        if not [need for need in self.work.needs if need.action in MOVES_MAIN]:
            return "maintained", ""
        with leased(coordinator, self.work.owner) as lease:
            if not isinstance(lease, Lease):
                return "busy", f"its lock is held by {lease.run_id}"
            stats = self.file_stats()
            if branches := in_flight(stats, self.now):
                return "busy", f"a run is writing it: branch {', '.join(branches)}"
            try:
                return self._rewrite(lease)
            except (ConflictError, LostLeaseError) as error:
                return "busy", str(error)
            finally:
                self._check_rows(stats.head)

    def _rewrite(self, lease: Lease) -> tuple[Outcome, str]:
        for _ in self._steps():
            if lease.others_wait():
                return "yielded", "a run waits for it; the next maintenance does the rest"
            if self.budget.spent:
                return "yielded", OUT_OF_TIME
        return "maintained", ""

    def _steps(self) -> Iterator[Counts]:
        """Rewrite step by step; between two steps the lease may be released."""
        wanted = {need.action for need in self.work.needs}
        if Action.REWRITE in wanted:
            yield from self._join_files()
        # After a rewrite there are deletes of rows in files that are no longer part of the table.
        if Action.REWRITE_DELETES in wanted or (Action.REWRITE in wanted and self.file_stats().delete_files):
            yield self._note(Action.REWRITE_DELETES, self.procedures.rewrite_position_delete_files)
        if Action.REWRITE_MANIFESTS in wanted:
            yield self._note(Action.REWRITE_MANIFESTS, self.procedures.rewrite_manifests)

    def _join_files(self) -> Iterator[Counts]:
        rewriting, counts = self.procedures.rewriting(self.health()), None
        while counts is None or rewriting.has_more(counts):
            counts = self._note(Action.REWRITE, lambda: self.procedures.rewrite_data_files(rewriting))
            yield counts

    def _clean_up(self, action: Action) -> Counts:
        """Do one of the steps that change nothing a running load reads or writes."""
        settings = self.table.maintenance
        match action:
            case Action.DROP_BRANCHES:
                return self.procedures.drop_branches(leftovers(self.file_stats(), self.now))
            case Action.EXPIRE:
                oldest = self.now - timedelta(days=self.keep_days)
                return self.procedures.expire_snapshots(oldest, keep_last(self.file_stats(), settings))
            case Action.ORPHANS:
                return self.procedures.remove_orphan_files(self.now - timedelta(days=settings.orphan_days))
            case Action.STATISTICS:
                return self.procedures.compute_table_stats(self.table.statistics_columns)
            case Action.KEYS:
                return self._find_repeated_keys()
        raise TerminalError(
            f"{action} of {self.table.physical_name} is not a step of the clean-up; report this as a bug."
        )

    def _find_repeated_keys(self) -> Counts:
        found = self.procedures.find_repeated_keys(self.table.primary_key, str(self.table.event_time))
        if found.keys:
            advice = repeated_keys_advice(self.table.physical_name, found.keys)
            self.advice = f"{advice} Their rows are of days from {found.first_day} to {found.last_day}."
            log.warning(self.advice)
        return {REPEATED_KEYS: found.keys}

    def _note(self, action: Action, call: Callable[[], Counts]) -> Counts:
        """Do a step, put it on record and return its counts. Raises ConflictError after ATTEMPTS conflicts."""
        started = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                counts = call()
                break
            except ConflictError:
                log.warning("%s of %s conflicts with another writer", action, self.table.physical_name, exc_info=True)
                if attempt == ATTEMPTS:
                    raise
        self._add(Done(action=action, seconds=round(time.monotonic() - started, 3), counts=counts))
        return counts

    def _add(self, done: Done) -> None:
        """Record a step; consecutive steps of one action make one record."""
        if self.done and self.done[-1].action is done.action:
            last = self.done.pop()
            sums = {name: last.counts.get(name, 0) + count for name, count in done.counts.items()}
            done = Done(action=done.action, seconds=round(last.seconds + done.seconds, 3), counts=sums)
        self.done.append(done)

    def _check_rows(self, before: int | None) -> None:
        """Check that no snapshot of this run changed the number of rows. Raises RowsChangedError."""
        stats = self.file_stats()
        since = list(takewhile(lambda one: one.snapshot_id != before, stats.ancestors(stats.head)))
        for older, newer in _ours(since, self._replaced()):
            was, now = self.procedures.rows_at(older), self.procedures.rows_at(newer)
            if was != now:
                raise RowsChangedError(self._undone(older, newer, f"it had {was} rows, rewritten {now}"))

    def _replaced(self) -> set[int]:
        """Return the snapshots in which this run replaced files."""
        mine = f"operation = 'replace' and summary['{RUN_PROPERTY}'] = '{self.run_id}'"
        rows = self.procedures.spark.sql(
            f"select snapshot_id from {self.procedures.name}.snapshots where {mine}"
        ).collect()
        return {row.snapshot_id for row in rows}

    def _undone(self, older: int, newer: int, fault: str) -> str:
        name = self.table.physical_name
        if self.file_stats().head == newer:
            self.procedures.roll_back(older)
            return f"{name} was rolled back to snapshot {older}: {fault}."
        return (
            f"{name} lost or gained rows: {fault}. Other runs wrote since, so it was not rolled back; "
            f"`lake diff {name} {older}..{newer}` shows which."
        )


def _ours(line: Sequence[Snapshot], ours: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the snapshots before and at the end of each unbroken sequence of `ours`; `line` is newest first."""
    newest = None
    for place, snapshot in enumerate(line):
        if snapshot.snapshot_id not in ours:
            continue
        newest = snapshot.snapshot_id if newest is None else newest
        parent = snapshot.parent_id
        after_others = place + 1 == len(line) or line[place + 1].snapshot_id not in ours
        if after_others and parent is not None:
            yield parent, newest
            newest = None
