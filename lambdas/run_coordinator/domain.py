"""Start runs: one at a time per dataset, and so that no file waits for an event that is never sent.

Two orders matter. A file is recorded as pending before its event is sent; a run releases the lock before it looks for
pending files. So of a new file and a run that ends, whichever comes second sees the other.

The same holds of a run that waits for the end of a gather window: it takes the lock, then gives up its place as the one
that waits, and then looks for pending files. A file that found it waiting, or its lock, was pending before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from cartlake.ledger import Ledger, Lock, NextRun, RunState
from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.gathering import seconds_to_gather
from cartlake.runs.ids import Workflow, is_erasure, subject_of
from cartlake.times import parse, stamp, utc_now

REMEMBERED: Final = timedelta(seconds=10)
"""How long a run that was seen running is taken to be so: Step Functions answers 15 questions a second at most."""


class Outcome(StrEnum):
    """What the coordinator did."""

    STARTED = "started"
    TAKEN_OVER = "taken_over"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    ALREADY_STARTED = "already_started"
    NOTHING_PENDING = "nothing_pending"
    HELD = "held"
    BUSY = "busy"
    PLANNED = "planned"
    GATHERING = "gathering"
    OVER = "over"


class ExecutionState(StrEnum):
    """Whether the execution of a run exists, and is running."""

    RUNNING = "running"
    OVER = "over"
    NEVER_STARTED = "never_started"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. `run_id` is the run that works on the subject now: a dataset, or a workflow for all datasets.

    `waiting`: whether a run of the dataset that a maintenance run holds is due. `starts_at`: until when the run gathers
    files, of one that was PLANNED now, or that was GATHERING already.
    """

    outcome: Outcome
    subject: str
    run_id: str | None = None
    waiting: bool = False
    starts_at: str | None = None


class Executions(Protocol):
    """State machine executions, named by their runs. Starting one that is running already has no effect."""

    def state(self, run_id: str) -> ExecutionState: ...
    def execution_arn(self, run_id: str) -> str: ...
    def start(self, subject: str, run_id: str, request: MaintenanceRequest | None = None, wait_seconds: int = 0) -> str:
        """`wait_seconds`: how long it waits before it claims files."""


@dataclass(slots=True)
class SeenRunning:
    """Which run of each subject was running when its execution was last asked for, or started."""

    runs: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def note(self, subject: str, run_id: str, now: datetime) -> None:
        """Remember that a run was running at this moment."""
        self.runs[subject] = (run_id, now)

    def get(self, subject: str, now: datetime) -> str | None:
        """Return the run that was running within the last `REMEMBERED`, None if none was."""
        run_id, seen = self.runs.get(subject, ("", now))
        return run_id if run_id and timedelta() <= now - seen < REMEMBERED else None


@dataclass(frozen=True, slots=True)
class Coordinator:
    """Decides by the ledger and by the state of the executions it started.

    `subjects` lists everything that has a lock: the datasets, and the refresh. `gather_seconds` returns the window of a
    subject. `seen` may be kept between calls.
    """

    ledger: Ledger
    executions: Executions
    new_run_id: Callable[[str], str]
    subjects: Callable[[], Sequence[str]] = tuple
    gather_seconds: Callable[[str], int] = lambda _: 0
    now: Callable[[], datetime] = utc_now
    seen: SeenRunning = field(default_factory=SeenRunning)

    def file_waits(self, dataset: str) -> Decision:
        """As `start`, for each of many files: one read while the dataset's run was seen running a moment ago.

        A run that has the lock looks for pending files when it has released it. One whose execution fails or is aborted
        after it was seen has its lock released by the event of that.
        """
        running = self.seen.get(dataset, self.now())
        lock = self.ledger.locks.get(dataset) if running else None
        if lock is not None and lock.run_id == running:
            return Decision(Outcome.ALREADY_RUNNING, dataset, running)
        return self.start(dataset)

    def start(self, subject: str, *, at_once: bool = False) -> Decision:
        """Start a run if work is pending and no run works on the subject; within the gather window, one that waits.

        `at_once`: without regard to the window. A run that waits then finds nothing left, or what came meanwhile.
        """
        if not self.ledger.has_pending(subject):
            return Decision(Outcome.NOTHING_PENDING, subject)
        # While a run works on the dataset no other need wait: it starts the next one when it ends.
        seconds = 0 if at_once else self._seconds_to_gather(subject)
        if seconds and self.ledger.locks.get(subject) is None:
            return self._gather(subject, seconds)
        run_id = self.new_run_id(subject)
        if self.ledger.locks.acquire(subject, run_id):
            return self._run(Outcome.STARTED, subject, run_id)
        lock = self.ledger.locks.get(subject)
        if lock is None:
            # Released since, perhaps by a run that looked before these files were pending.
            return self.start(subject, at_once=at_once)
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
        return self.begin(Workflow.MAINTENANCE, request)

    def begin(self, subject: Workflow, request: MaintenanceRequest | None = None) -> Decision:
        """Start a run of a workflow that waits for no work: maintenance or the forecast, unless one is running."""
        run_id = self.new_run_id(subject)
        if self.ledger.locks.acquire(subject, run_id):
            return self._run(Outcome.STARTED, subject, run_id, request)
        lock = self.ledger.locks.get(subject)
        if lock is None:
            return self.begin(subject, request)
        match self._state(lock.run_id):
            case ExecutionState.RUNNING:
                return Decision(Outcome.ALREADY_RUNNING, subject, lock.run_id)
            case ExecutionState.NEVER_STARTED:
                return self._run(Outcome.RESUMED, subject, lock.run_id, request)
            case ExecutionState.OVER:
                self.release(subject, lock.run_id)
                return self.begin(subject, request)

    def begin_as(self, workflow: Workflow, run_id: str) -> Decision:
        """Start the run of a workflow that has this id, once: asked again, nothing is started, also after its end.

        While another run has the lock nothing is started either: that run is BUSY.
        """
        if self.ledger.runs.get(run_id) is not None or self._exists(run_id):
            return Decision(Outcome.ALREADY_STARTED, workflow, run_id)
        if self.ledger.locks.acquire(workflow, run_id):
            return self._run(Outcome.STARTED, workflow, run_id)
        lock = self.ledger.locks.get(workflow)
        if lock is None:
            return self.begin_as(workflow, run_id)
        match self._state(lock.run_id):
            case ExecutionState.RUNNING:
                return Decision(Outcome.BUSY, workflow, lock.run_id)
            case ExecutionState.NEVER_STARTED:
                self._run(Outcome.RESUMED, workflow, lock.run_id)
                return Decision(Outcome.BUSY, workflow, lock.run_id)
            case ExecutionState.OVER:
                self.release(workflow, lock.run_id)
                return self.begin_as(workflow, run_id)

    def _exists(self, run_id: str) -> bool:
        return self.executions.state(run_id) is not ExecutionState.NEVER_STARTED

    def hold(self, subject: str, run_id: str) -> Decision:
        """Give a lock to a run of maintenance if no other run has it, and return whether work is pending for it.

        A Glue job may still run when its execution has ended. Once its run is recorded as ended it gets no lock.
        """
        run = self.ledger.runs.get(run_id)
        if run is None or run.state is not RunState.RUNNING:
            return Decision(Outcome.OVER, subject, run_id)
        waiting = self.ledger.has_pending(subject) and not self._seconds_to_gather(subject)
        if self.ledger.locks.acquire(subject, run_id):
            return Decision(Outcome.HELD, subject, run_id, waiting=waiting)
        lock = self.ledger.locks.get(subject)
        return Decision(Outcome.BUSY, subject, lock.run_id if lock else None, waiting=waiting)

    def _state(self, run_id: str) -> ExecutionState:
        # An erasure has no execution. One that was interrupted keeps its locks until it is repeated.
        return ExecutionState.RUNNING if is_erasure(run_id) else self.executions.state(run_id)

    def _seconds_to_gather(self, subject: str) -> int:
        """Return the seconds until the next run of the subject may start. A backfill, which a person waits for, may."""
        window = self.gather_seconds(subject)
        if not window or self.ledger.backfills.has_pending(subject):
            return 0
        # The index lags: without the last run in it the next one starts early, and no file is lost.
        last = self.ledger.runs.list(subject, limit=1)
        return seconds_to_gather(parse(last[0].started_at) if last else None, self.now(), window)

    def _gather(self, subject: str, seconds: int) -> Decision:
        """Start a run that waits, unless one does; it takes all files that are pending when it has waited."""
        run_id, starts_at = self.new_run_id(subject), stamp(self.now() + timedelta(seconds=seconds))
        arn = self.executions.execution_arn(run_id)
        planned = NextRun(subject=subject, run_id=run_id, execution_arn=arn, starts_at=starts_at)
        if self.ledger.next_runs.plan(planned):
            return self._wait(Outcome.PLANNED, planned, seconds)
        known = self.ledger.next_runs.get(subject)
        if known is None:
            return self.start(subject)  # it has begun since, perhaps before these files were pending
        match self.executions.state(known.run_id):
            case ExecutionState.RUNNING:
                return Decision(Outcome.GATHERING, subject, known.run_id, starts_at=known.starts_at)
            case ExecutionState.NEVER_STARTED:
                return self._wait(Outcome.RESUMED, known, seconds)
            case ExecutionState.OVER:
                if self.ledger.next_runs.replace(known.run_id, planned):
                    return self._wait(Outcome.PLANNED, planned, seconds)
                return self.start(subject)

    def _wait(self, outcome: Outcome, planned: NextRun, seconds: int) -> Decision:
        self.executions.start(planned.subject, planned.run_id, wait_seconds=seconds)
        return Decision(outcome, planned.subject, planned.run_id, starts_at=planned.starts_at)

    def _join(self, lock: Lock, subject: str, run_id: str) -> Decision:
        """Another run has the lock: take it over if its execution has ended, and start that run if it never began."""
        state = self._state(lock.run_id)
        if subject_of(lock.run_id) == Workflow.MAINTENANCE and state is ExecutionState.NEVER_STARTED:
            # Only a running job holds datasets, so its execution did exist: Step Functions no longer keeps it.
            state = ExecutionState.OVER
        match state:
            case ExecutionState.RUNNING:
                self.seen.note(subject, lock.run_id, self.now())
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
        self.seen.note(subject, run_id, self.now())
        return Decision(outcome, subject, run_id)
