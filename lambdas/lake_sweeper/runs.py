"""Runs whose execution is gone: they are closed, their locks released, and their files wait for the next run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cartlake import contracts
from cartlake.ledger import FileRecord, FileState, Ledger, Lock, RunState
from cartlake.runs.ids import ALL_DATASETS, Workflow, is_erasure, subject_of
from cartlake.times import parse
from lambdas.lake_sweeper import adapters
from lambdas.lake_sweeper.domain import is_gone, is_old, may_load_again
from lambdas.shared.closing import close_run

ERROR: Final = "ExecutionGone"
RUNS_LOOKED_AT: Final = 50
"""Of each subject, the newest: one run works at a time, so older ones that are open hold files or a lock."""


@dataclass(slots=True)
class FoundRuns:
    """Runs that were closed, subjects whose lock was released or whose files waited for no run, and files freed."""

    closed: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    files: int = 0


@dataclass(slots=True)
class Open:
    """A run that has not ended, as the ledger has it: when it was written last, its locks and its claimed files."""

    seen: list[str] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunSweep:
    """Closes runs. A `dry_run` only finds them."""

    ledger: Ledger
    now: datetime
    grace: timedelta
    dry_run: bool

    def close_gone(self, found: FoundRuns) -> None:
        """Close every run whose execution is gone."""
        for run_id, run in self._open_runs().items():
            if is_gone(adapters.execution(run_id), max(map(parse, run.seen)), self.now, self.grace):
                found.closed.append(run_id)
                found.released += run.locks
                free = sum(map(may_load_again, run.files)) if self.dry_run else self._close(run_id, run.locks)
                found.files += free

    def start_waiting(self, found: FoundRuns) -> None:
        """Start a run for files, a backfill or stale tables that wait while no run does."""
        for subject in (*self._datasets(), Workflow.REFRESH):
            if subject not in found.released and self._waits_for_nothing(subject):
                found.waiting.append(subject)
                if not self.dry_run:
                    adapters.start(subject)

    def _datasets(self) -> Sequence[str]:
        return sorted({*contracts.all_names(), *self.ledger.files.datasets()})

    def _open_runs(self) -> dict[str, Open]:
        runs: dict[str, Open] = {}
        for lock in self._locks():
            one = runs.setdefault(lock.run_id, Open())
            one.locks.append(lock.subject)
            one.seen.append(lock.acquired_at)
        for subject in (*self._datasets(), *ALL_DATASETS):
            for run in self.ledger.runs.list(subject, limit=RUNS_LOOKED_AT):
                if run.state is RunState.RUNNING:
                    runs.setdefault(run.run_id, Open()).seen.append(run.started_at)
        for file in self._claimed():
            one = runs.setdefault(str(file.run_id), Open())
            one.files.append(file)
            one.seen.append(file.updated_at)
        return runs

    def _locks(self) -> Iterator[Lock]:
        for subject in (*self._datasets(), *ALL_DATASETS):
            lock = self.ledger.locks.get(subject)
            # An erasure has no execution; its locks are its own until it is done.
            if lock and not is_erasure(lock.run_id):
                yield lock

    def _claimed(self) -> Iterator[FileRecord]:
        for dataset in self.ledger.files.datasets():
            yield from self.ledger.files.list(dataset, FileState.CLAIMED)

    def _close(self, run_id: str, locks: Sequence[str]) -> int:
        """Close a run, and return how many of its files wait for the next one."""
        subject = subject_of(run_id)
        marks = self.ledger.stale.of_run(run_id) if subject == Workflow.REFRESH else []
        claimed = [file for file in self.ledger.runs.files(run_id) if _is_claimed_by(file, run_id)]
        self._fail(run_id, claimed)
        free = [file for file in self._failed(claimed) if may_load_again(file)]
        for file in free:
            self.ledger.files.requeue(file.file_id)
        # What a failed refresh had to rebuild waits for the next one but starts none. This one did not fail.
        for mark in marks:
            self.ledger.stale.mark(mark.run_id, mark.table, mark.scope)
        for lock in locks:
            adapters.release(lock, run_id)
        if not locks and subject != Workflow.MAINTENANCE:
            adapters.start(subject)
        return len(free)

    def _failed(self, files: Sequence[FileRecord]) -> list[FileRecord]:
        """Return the files as they are now, without those that were loaded: the run had published them."""
        now = self.ledger.files.get_many([file.file_id for file in files])
        return [file for file in now if file.state is FileState.FAILED]

    def _fail(self, run_id: str, claimed: Sequence[FileRecord]) -> None:
        if not claimed and self.ledger.runs.get(run_id) is None:
            return  # it has a lock and nothing else: it ended before its first step
        cause = (
            f"The execution of run {run_id} is not running, and its end was never reported. Its files wait for the next"
            " run, those that several runs did not load are FAILED."
        )
        close_run(run_id, ERROR, cause)

    def _waits_for_nothing(self, subject: str) -> bool:
        """Return whether something waits for a run of the subject, and none works, gathers or is about to start."""
        if not self.ledger.has_pending(subject) or self.ledger.locks.get(subject):
            return False
        planned = self.ledger.next_runs.get(subject)
        if planned and adapters.execution(planned.run_id).is_running:
            return False
        return all(is_old(moment, self.now, self.grace) for moment in self._waiting_since(subject))

    def _waiting_since(self, subject: str) -> list[datetime]:
        """Return since when the first file, or the marks of the refresh, wait; nothing if that is not known."""
        if subject != Workflow.REFRESH:
            return [parse(file.updated_at) for file in self.ledger.files.pending(subject, limit=1)]
        ends = [self._ended(mark.run_id) for mark in self.ledger.stale.pending()]
        return [parse(ended) for ended in ends if ended]

    def _ended(self, run_id: str) -> str | None:
        run = self.ledger.runs.get(run_id)
        return (run.ended_at or run.started_at) if run else None


def _is_claimed_by(file: FileRecord, run_id: str) -> bool:
    return file.state is FileState.CLAIMED and file.run_id == run_id
