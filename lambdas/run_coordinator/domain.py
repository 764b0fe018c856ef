"""Start runs: one at a time per dataset, and so that no file waits for an event that is never sent.

Two orders matter. A file is recorded as pending before its event is sent; a run releases the lock before it looks for
pending files. So of a new file and a run that ends, whichever comes second sees the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cartlake.ledger import Ledger, Lock, RunState
from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.ids import Workflow, subject_of


class Outcome(StrEnum):
    """What the coordinator did."""

    STARTED = "started"
    TAKEN_OVER = "taken_over"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    NOTHING_PENDING = "nothing_pending"
    HELD = "held"
    BUSY = "busy"
    OVER = "over"


class ExecutionState(StrEnum):
    """Whether the execution of a run exists, and is running."""

    RUNNING = "running"
    OVER = "over"
    NEVER_STARTED = "never_started"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. `run_id` is the run that works on the subject now: a dataset, or a workflow for all datasets.

    `waiting`: whether files or a backfill wait for the dataset that a maintenance run holds.
    """

    outcome: Outcome
    subject: str
    run_id: str | None = None
    waiting: bool = False


class Executions(Protocol):
    """State machine executions, named by their runs. Starting one that is running already has no effect."""

    def state(self, run_id: str) -> ExecutionState: ...
    def start(self, subject: str, run_id: str, request: MaintenanceRequest | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class Coordinator:
    """Decides by the ledger and by the state of the executions it started.

    `subjects` lists everything that has a lock: the datasets, and the refresh.
    """

    ledger: Ledger
    executions: Executions
    new_run_id: Callable[[str], str]
    subjects: Callable[[], Sequence[str]] = tuple

    def start(self, subject: str) -> Decision:
        """Start a run if work is pending and no run works on the subject."""
        if not self.ledger.has_pending(subject):
            return Decision(Outcome.NOTHING_PENDING, subject)
        run_id = self.new_run_id(subject)
        if self.ledger.locks.acquire(subject, run_id):
            return self._run(Outcome.STARTED, subject, run_id)
        lock = self.ledger.locks.get(subject)
        if lock is None:
            return self.start(subject)  # released since, perhaps by a run that looked before these files were pending
        return self._join(lock, subject, run_id)

    def release(self, subject: str, run_id: str) -> Decision:
        """Release the lock, if this run still has it, and start the next run if work is pending.

        The lock of maintenance is released with all that this run still holds: no other run would start what waits
        for them.
        """
        if subject == Workflow.MAINTENANCE:
            for held in self.ledger.locks.held_by(run_id, self.subjects()):
                self.release(held, run_id)
        self.ledger.locks.release(subject, run_id)
        return self.start(subject)

    def maintain(self, request: MaintenanceRequest) -> Decision:
        """Start a run of maintenance, unless one is running."""
        subject = Workflow.MAINTENANCE
        run_id = self.new_run_id(subject)
        if self.ledger.locks.acquire(subject, run_id):
            return self._run(Outcome.STARTED, subject, run_id, request)
        lock = self.ledger.locks.get(subject)
        if lock is None:
            return self.maintain(request)
        match self.executions.state(lock.run_id):
            case ExecutionState.RUNNING:
                return Decision(Outcome.ALREADY_RUNNING, subject, lock.run_id)
            case ExecutionState.NEVER_STARTED:
                return self._run(Outcome.RESUMED, subject, lock.run_id, request)
            case ExecutionState.OVER:
                self.release(subject, lock.run_id)
                return self.maintain(request)

    def hold(self, subject: str, run_id: str) -> Decision:
        """Give a lock to a run of maintenance if no other run has it, and return whether work is pending for it.

        A Glue job may still run when its execution has ended. Once its run is recorded as ended it gets no lock.
        """
        run = self.ledger.runs.get(run_id)
        if run is None or run.state is not RunState.RUNNING:
            return Decision(Outcome.OVER, subject, run_id)
        waiting = self.ledger.has_pending(subject)
        if self.ledger.locks.acquire(subject, run_id):
            return Decision(Outcome.HELD, subject, run_id, waiting=waiting)
        lock = self.ledger.locks.get(subject)
        return Decision(Outcome.BUSY, subject, lock.run_id if lock else None, waiting=waiting)

    def _join(self, lock: Lock, subject: str, run_id: str) -> Decision:
        """Another run has the lock: take it over if its execution has ended, and start that run if it never began."""
        state = self.executions.state(lock.run_id)
        if subject_of(lock.run_id) == Workflow.MAINTENANCE and state is ExecutionState.NEVER_STARTED:
            # Only a running job holds datasets, so its execution did exist: Step Functions no longer keeps it.
            state = ExecutionState.OVER
        match state:
            case ExecutionState.RUNNING:
                return Decision(Outcome.ALREADY_RUNNING, subject, lock.run_id)
            case ExecutionState.NEVER_STARTED:
                # The call that took the lock ended before it started the run, or is about to start it. Starting one
                # run twice starts it once.
                return self._run(Outcome.RESUMED, subject, lock.run_id)
            case ExecutionState.OVER:
                if self.ledger.locks.take_over(subject, lock.run_id, run_id):
                    return self._run(Outcome.TAKEN_OVER, subject, run_id)
                return self.start(subject)

    def _run(self, outcome: Outcome, subject: str, run_id: str, request: MaintenanceRequest | None = None) -> Decision:
        self.ledger.locks.note_execution(subject, run_id, self.executions.start(subject, run_id, request))
        return Decision(outcome, subject, run_id)
