"""Maintenance of one table: rewrite what pays while it is ours, prove that no row changed, then clear away the old."""

# ruff: noqa: S608 - table names come from contracts, run ids from the router

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from cartlake.contracts import Table
from cartlake.errors import TerminalError
from cartlake.maintenance.documents import Done, Outcome, MaintainedTable, TableWork
from cartlake.maintenance.health import MOVES_MAIN, Action, Health, keep_last, measure
from cartlake.tables.file_stats import FileStats, Snapshot, in_flight, leftovers
from cartlake.tables.snapshots import RUN_PROPERTY
from glue_jobs.table_maintenance.facts import file_stats_of
from glue_jobs.table_maintenance.procedures import ConflictError, Counts, Procedures
from glue_jobs.table_maintenance.turns import Budget, LostTurnError, Router, Turn, turn_at

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Tries of a step that others' commits got in the way of."""


class RowsChangedError(TerminalError):
    """A rewrite changed how many rows there are. It was undone if nobody had written since."""


@dataclass
class Upkeep:
    """One table at work. `run_id` signs the snapshots."""

    procedures: Procedures
    table: Table
    work: TableWork
    run_id: str
    keep_days: float
    now: datetime
    budget: Budget
    done: list[Done] = field(default_factory=list)

    def run(self, router: Router) -> MaintainedTable:
        """Do what is needed; never raises but for rows that changed and a run that is over."""
        started, before = time.monotonic(), self.health()
        outcome, reason = self._do(router)
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

    def facts(self) -> FileStats:
        return file_stats_of(self.procedures.spark, self.procedures.name, self.table.maintenance)

    def health(self) -> Health:
        return measure(self.facts(), self.table.maintenance)

    def _do(self, router: Router) -> tuple[Outcome, str]:
        outcome, reason = self._rewrite_in_turn(router)
        wanted = [need.action for need in self.work.needs if need.action not in MOVES_MAIN]
        if outcome != "maintained":
            wanted = [action for action in wanted if action is not Action.STATISTICS]
        for action in wanted:
            if self.budget.spent:
                return "yielded", "the time of this run was over; the rest follows with the next"
            self._note(action, partial(self._clear_away, action))
        return outcome, reason

    def _rewrite_in_turn(self, router: Router) -> tuple[Outcome, str]:
        """The part that moves main, which no run at work may see happen."""
        if not [need for need in self.work.needs if need.action in MOVES_MAIN]:
            return "maintained", ""
        with turn_at(router, self.work.owner) as turn:
            if not isinstance(turn, Turn):
                return "busy", f"{turn.run_id} has it"
            facts = self.facts()
            if branches := in_flight(facts, self.now):
                return "busy", f"a run is at work on it: branch {', '.join(branches)}"
            try:
                return self._rewrite(turn)
            except (ConflictError, LostTurnError) as error:
                return "busy", str(error)
            finally:
                self._check_rows(facts.head)

    def _rewrite(self, turn: Turn) -> tuple[Outcome, str]:
        for _ in self._steps():
            if turn.others_wait():
                return "yielded", "files came for it; the rest follows with the next run"
            if self.budget.spent:
                return "yielded", "the time of this run was over; the rest follows with the next"
        return "maintained", ""

    def _steps(self) -> Iterator[Counts]:
        """Rewrite step by step; between two of them others may have their turn."""
        wanted = {need.action for need in self.work.needs}
        if Action.REWRITE in wanted:
            yield from self._join_files()
        # Rewritten files leave deletes behind that delete nothing any more.
        if Action.REWRITE_DELETES in wanted or (Action.REWRITE in wanted and self.facts().delete_files):
            yield self._note(Action.REWRITE_DELETES, self.procedures.rewrite_position_delete_files)
        if Action.REWRITE_MANIFESTS in wanted:
            yield self._note(Action.REWRITE_MANIFESTS, self.procedures.rewrite_manifests)

    def _join_files(self) -> Iterator[Counts]:
        rewriting, counts = self.procedures.rewriting(self.health()), None
        while counts is None or rewriting.goes_on(counts):
            counts = self._note(Action.REWRITE, lambda: self.procedures.rewrite_data_files(rewriting))
            yield counts

    def _clear_away(self, action: Action) -> Counts:
        """What neither moves main nor disturbs a run at work."""
        settings = self.table.maintenance
        match action:
            case Action.DROP_BRANCHES:
                return self.procedures.drop_branches(leftovers(self.facts(), self.now))
            case Action.EXPIRE:
                oldest = self.now - timedelta(days=self.keep_days)
                return self.procedures.expire_snapshots(oldest, keep_last(self.facts(), settings))
            case Action.ORPHANS:
                return self.procedures.remove_orphan_files(self.now - timedelta(days=settings.orphan_days))
            case Action.STATISTICS:
                return self.procedures.compute_table_stats(self.table.statistics_columns)
        raise TerminalError(f"{action} of {self.table.physical_name} is no clearing away.")

    def _note(self, action: Action, call: Callable[[], Counts]) -> Counts:
        """Do it, again if another commit came first, and keep what it counted. Raises ConflictError in the end."""
        started = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                counts = call()
                break
            except ConflictError:
                log.warning("%s of %s met another writer", action, self.table.physical_name, exc_info=True)
                if attempt == ATTEMPTS:
                    raise
        self._add(Done(action=action, seconds=round(time.monotonic() - started, 3), counts=counts))
        return counts

    def _add(self, done: Done) -> None:
        """Steps of one action are told as one."""
        if self.done and self.done[-1].action is done.action:
            last = self.done.pop()
            sums = {name: last.counts.get(name, 0) + count for name, count in done.counts.items()}
            done = Done(action=done.action, seconds=round(last.seconds + done.seconds, 3), counts=sums)
        self.done.append(done)

    def _check_rows(self, before: int | None) -> None:
        """Prove that no snapshot of ours changed the number of rows. Raises RowsChangedError."""
        facts = self.facts()
        since = list(takewhile(lambda one: one.snapshot_id != before, facts.line(facts.head)))
        for older, newer in _ours(since, self._signed()):
            was, now = self.procedures.rows_at(older), self.procedures.rows_at(newer)
            if was != now:
                raise RowsChangedError(self._undone(older, newer, f"it had {was} rows, rewritten {now}"))

    def _signed(self) -> set[int]:
        """The snapshots in which this run replaced files."""
        mine = f"operation = 'replace' and summary['{RUN_PROPERTY}'] = '{self.run_id}'"
        rows = self.procedures.spark.sql(
            f"select snapshot_id from {self.procedures.name}.snapshots where {mine}"
        ).collect()
        return {row.snapshot_id for row in rows}

    def _undone(self, older: int, newer: int, fault: str) -> str:
        name = self.table.physical_name
        if self.facts().head == newer:
            self.procedures.roll_back(older)
            return f"{name} was put back to snapshot {older}: {fault}."
        return f"{name} lost or won rows: {fault}. Others wrote since; `lake diff {name} {older}..{newer}` shows which."


def _ours(line: Sequence[Snapshot], signed: set[int]) -> Iterator[tuple[int, int]]:
    """The snapshots before and at the end of each unbroken row of ours, of a line that is newest first."""
    newest = None
    for place, snapshot in enumerate(line):
        if snapshot.snapshot_id not in signed:
            continue
        newest = snapshot.snapshot_id if newest is None else newest
        parent = snapshot.parent_id
        after_others = place + 1 == len(line) or line[place + 1].snapshot_id not in signed
        if after_others and parent is not None:
            yield parent, newest
            newest = None
