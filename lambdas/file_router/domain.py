"""Whose turn is it? One run at a time per dataset, and no file waits for an event that will not come.

The order of two steps carries the promise. A file is put on the waiting list before its event is sent; a run frees the
dataset before it looks at the waiting list. Whoever comes second, sees the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cartlake.ledger import Lock


class Outcome(StrEnum):
    STARTED = "started"
    TAKEN_OVER = "taken_over"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    NOTHING_PENDING = "nothing_pending"


class ExecutionState(StrEnum):
    RUNNING = "running"
    OVER = "over"
    NEVER_STARTED = "never_started"


@dataclass(frozen=True, slots=True)
class Routing:
    """What was decided; `run_id` is the run now at work on the dataset."""

    outcome: Outcome
    dataset: str
    run_id: str | None = None


class Waiting(Protocol):
    """The part of the ledger that routing needs."""

    def has_pending(self, dataset: str) -> bool: ...
    def acquire_lock(self, dataset: str, run_id: str) -> bool: ...
    def take_over_lock(self, dataset: str, dead_run_id: str, run_id: str) -> bool: ...
    def note_execution(self, dataset: str, run_id: str, execution_arn: str) -> None: ...
    def release_lock(self, dataset: str, run_id: str) -> bool: ...
    def lock(self, dataset: str) -> Lock | None: ...


class Executions(Protocol):
    """State machine executions, named by their runs. Starting one that is running already is harmless."""

    def state(self, run_id: str) -> ExecutionState: ...
    def start(self, dataset: str, run_id: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Router:
    ledger: Waiting
    executions: Executions
    new_run_id: Callable[[str], str]

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
        """Free the dataset, if this run still has it, and start the next run if files wait."""
        self.ledger.release_lock(dataset, run_id)
        return self.start(dataset)

    def _join(self, lock: Lock, dataset: str, run_id: str) -> Routing:
        """Another run has the lock. Is there life behind it?"""
        match self.executions.state(lock.run_id):
            case ExecutionState.RUNNING:
                return Routing(Outcome.ALREADY_RUNNING, dataset, lock.run_id)
            case ExecutionState.NEVER_STARTED:
                # Its router died between lock and start, or is about to start it; two starts of one run are one.
                return self._run(Outcome.RESUMED, dataset, lock.run_id)
            case ExecutionState.OVER:
                if self.ledger.take_over_lock(dataset, lock.run_id, run_id):
                    return self._run(Outcome.TAKEN_OVER, dataset, run_id)
                return self.start(dataset)

    def _run(self, outcome: Outcome, dataset: str, run_id: str) -> Routing:
        self.ledger.note_execution(dataset, run_id, self.executions.start(dataset, run_id))
        return Routing(outcome, dataset, run_id)
