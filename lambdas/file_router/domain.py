"""Whose turn is it? One run at a time per dataset, and no file waits for an event that will not come.

The order of two steps carries the promise. A file is put on the waiting list before its event is sent; a run frees the
dataset before it looks at the waiting list. Whoever comes second, sees the other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cartlake.ledger import Lock, RunRecord, RunState
from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.ids import MAINTENANCE, dataset_of


class Outcome(StrEnum):
    STARTED = "started"
    TAKEN_OVER = "taken_over"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    NOTHING_PENDING = "nothing_pending"
    HELD = "held"
    BUSY = "busy"
    OVER = "over"


class ExecutionState(StrEnum):
    RUNNING = "running"
    OVER = "over"
    NEVER_STARTED = "never_started"


@dataclass(frozen=True, slots=True)
class Routing:
    """What was decided; `run_id` is the run now at work on the dataset.

    `waiting` tells the maintenance that holds a dataset whether there is work it holds up.
    """

    outcome: Outcome
    dataset: str
    run_id: str | None = None
    waiting: bool = False


class Waiting(Protocol):
    """The part of the ledger that routing needs."""

    def has_pending(self, dataset: str) -> bool: ...
    def acquire_lock(self, dataset: str, run_id: str) -> bool: ...
    def take_over_lock(self, dataset: str, dead_run_id: str, run_id: str) -> bool: ...
    def note_execution(self, dataset: str, run_id: str, execution_arn: str) -> None: ...
    def release_lock(self, dataset: str, run_id: str) -> bool: ...
    def lock(self, dataset: str) -> Lock | None: ...
    def run(self, run_id: str) -> RunRecord | None: ...
    def held_by(self, run_id: str, works: Iterable[str]) -> list[str]: ...


class Executions(Protocol):
    """State machine executions, named by their runs. Starting one that is running already is harmless."""

    def state(self, run_id: str) -> ExecutionState: ...
    def start(self, dataset: str, run_id: str, request: MaintenanceRequest | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class Router:
    ledger: Waiting
    executions: Executions
    new_run_id: Callable[[str], str]
    works: Callable[[], Sequence[str]] = tuple
    """Everything that has a lock: the datasets, and the refresh."""

    def start(self, dataset: str) -> Routing:
        """Start a run if files wait and no run is at work."""
        if not self.ledger.has_pending(dataset):
            return Routing(Outcome.NOTHING_PENDING, dataset)
        run_id = self.new_run_id(dataset)
        if self.ledger.acquire_lock(dataset, run_id):
            return self._run(Outcome.STARTED, dataset, run_id)
        lock = self.ledger.lock(dataset)
        if lock is None:
            return self.start(dataset)  # freed since: whoever freed it may have looked before these files waited
        return self._join(lock, dataset, run_id)

    def release(self, dataset: str, run_id: str) -> Routing:
        """Free the dataset, if this run still has it, and start the next run if files wait.

        With maintenance goes all it still holds: what was dropped meanwhile has no other to start it.
        """
        if dataset == MAINTENANCE:
            for held in self.ledger.held_by(run_id, self.works()):
                self.release(held, run_id)
        self.ledger.release_lock(dataset, run_id)
        return self.start(dataset)

    def maintain(self, request: MaintenanceRequest) -> Routing:
        """Start a run of maintenance, unless one is at work."""
        run_id = self.new_run_id(MAINTENANCE)
        if self.ledger.acquire_lock(MAINTENANCE, run_id):
            return self._run(Outcome.STARTED, MAINTENANCE, run_id, request)
        lock = self.ledger.lock(MAINTENANCE)
        if lock is None:
            return self.maintain(request)
        match self.executions.state(lock.run_id):
            case ExecutionState.RUNNING:
                return Routing(Outcome.ALREADY_RUNNING, MAINTENANCE, lock.run_id)
            case ExecutionState.NEVER_STARTED:
                return self._run(Outcome.RESUMED, MAINTENANCE, lock.run_id, request)
            case ExecutionState.OVER:
                self.release(MAINTENANCE, lock.run_id)
                return self.maintain(request)

    def hold(self, dataset: str, run_id: str) -> Routing:
        """Lend a dataset to a run of maintenance if nobody has it; asked again, tell it whether others wait by now.

        A job may outlive its execution. Once its run is on record as over it gets nothing more.
        """
        run = self.ledger.run(run_id)
        if run is None or run.state is not RunState.RUNNING:
            return Routing(Outcome.OVER, dataset, run_id)
        waiting = self.ledger.has_pending(dataset)
        if self.ledger.acquire_lock(dataset, run_id):
            return Routing(Outcome.HELD, dataset, run_id, waiting=waiting)
        lock = self.ledger.lock(dataset)
        return Routing(Outcome.BUSY, dataset, lock.run_id if lock else None, waiting=waiting)

    def _join(self, lock: Lock, dataset: str, run_id: str) -> Routing:
        """Another run has the lock. Is there life behind it?"""
        state = self.executions.state(lock.run_id)
        if dataset_of(lock.run_id) == MAINTENANCE and state is ExecutionState.NEVER_STARTED:
            state = ExecutionState.OVER  # only a job at work holds datasets, so its execution was, and is forgotten
        match state:
            case ExecutionState.RUNNING:
                return Routing(Outcome.ALREADY_RUNNING, dataset, lock.run_id)
            case ExecutionState.NEVER_STARTED:
                # Its router died between lock and start, or is about to start it; two starts of one run are one.
                return self._run(Outcome.RESUMED, dataset, lock.run_id)
            case ExecutionState.OVER:
                if self.ledger.take_over_lock(dataset, lock.run_id, run_id):
                    return self._run(Outcome.TAKEN_OVER, dataset, run_id)
                return self.start(dataset)

    def _run(self, outcome: Outcome, dataset: str, run_id: str, request: MaintenanceRequest | None = None) -> Routing:
        self.ledger.note_execution(dataset, run_id, self.executions.start(dataset, run_id, request))
        return Routing(outcome, dataset, run_id)
