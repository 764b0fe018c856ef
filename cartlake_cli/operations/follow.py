"""Waits until files are settled, tables rebuilt, or maintenance over, and gives up when nothing changes any more."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cartlake.ledger import FileRecord, FileState, RunRecord, RunState, UnknownFileError
from cartlake.runs.ids import Workflow
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError

FINAL_STATES = frozenset({FileState.LOADED, FileState.REJECTED, FileState.DUPLICATE, FileState.FAILED})
UPLOADED = "UPLOADED"
"""Not a state of the ledger: the object is there, its event has not arrived yet."""

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 900.0
"""How long nothing may change before waiting ends with an error."""

WHICH_RUN = f"`lake runs --dataset {Workflow.REFRESH}`"

Progress = Callable[[Mapping[str, Counter[str]], Sequence[RunRecord]], None]
"""Takes the files of each dataset counted by state, and the runs of these datasets."""


@dataclass
class Standstill:
    """Tells whether what is looked at has not changed for `patience_seconds`."""

    patience_seconds: float
    clock: Callable[[], float]
    _seen: object = field(default=None, init=False)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def lasts(self, now: object) -> bool:
        """Return True once the same value has been given for longer than `patience_seconds`."""
        if now != self._seen:
            self._seen, self._since = now, self.clock()
        return self.clock() - self._since > self.patience_seconds


def wait_for_files(
    lake: Lake,
    dropped: Mapping[str, Sequence[str]],
    progress: Progress,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, list[FileRecord]]:
    """Wait until each file, given by dataset and id, is settled and no run of its dataset is going on.

    Returns the files by dataset, in the order given. Calls `progress` at each look. Raises CommandError when nothing
    changed for `patience_seconds`.
    """
    standstill = Standstill(patience_seconds, clock)
    while True:
        found = {dataset: [_known(lake, file_id) for file_id in ids] for dataset, ids in dropped.items()}
        runs = [run for dataset in dropped for run in lake.ledger.runs.list(dataset)]
        states = {dataset: Counter(f.state if f else UPLOADED for f in files) for dataset, files in found.items()}
        progress(states, runs)
        settled = {dataset: [f for f in files if f and f.state in FINAL_STATES] for dataset, files in found.items()}
        if all(len(settled[one]) == len(ids) and lake.ledger.locks.get(one) is None for one, ids in dropped.items()):
            return settled
        if standstill.lasts((states, [(run.run_id, run.state) for run in runs])):
            raise CommandError(_stuck(sum(states.values(), Counter()), patience_seconds))
        pause(POLL_SECONDS)


def follow_refresh(
    lake: Lake,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Sequence[RunRecord]:
    """Wait until no table waits to be rebuilt and none is being rebuilt; returns the runs of the refresh.

    Raises CommandError when tables stay stale because their refresh failed, and when nothing changed for
    `patience_seconds`.
    """
    runs = wait_for_refresh(lake, patience_seconds=patience_seconds, clock=clock, pause=pause)
    if left := lake.ledger.stale.aside():
        names = ", ".join(sorted({mark.table for mark in left}))
        raise CommandError(f"The refresh failed; changes of {names} wait for the next. {WHICH_RUN} says why.")
    return runs


def wait_for_refresh(
    lake: Lake,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Sequence[RunRecord]:
    """Wait until no refresh is pending or running, however it ended; returns the runs of the refresh.

    Raises CommandError when nothing changed for `patience_seconds`.
    """
    standstill = Standstill(patience_seconds, clock)
    while True:
        # In this order: what was claimed before the first look is rebuilt under a lock that the second look finds.
        stale, lock, runs = (
            lake.ledger.has_pending(Workflow.REFRESH),
            lake.ledger.locks.get(Workflow.REFRESH),
            lake.ledger.runs.list(Workflow.REFRESH),
        )
        if not stale and lock is None:
            return runs
        if standstill.lasts((stale, lock, [(run.run_id, run.state) for run in runs])):
            raise CommandError(f"The refresh has not moved for {patience_seconds:.0f} s. `lake logs` says where it is.")
        pause(POLL_SECONDS)


def wait_for_maintenance(
    lake: Lake,
    run_id: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> RunRecord:
    """Wait until a maintenance run has ended and released its lock; returns it, however it ended.

    Raises CommandError when it takes longer than `patience_seconds`.
    """
    deadline = clock() + patience_seconds
    while True:
        lock, run = lake.ledger.locks.get(Workflow.MAINTENANCE), lake.ledger.runs.get(run_id)
        if run is not None and run.state is not RunState.RUNNING and (lock is None or lock.run_id != run_id):
            return run
        if clock() > deadline:
            raise CommandError(f"Run {run_id} has not ended for {patience_seconds:.0f} s. `lake run show {run_id}`.")
        pause(POLL_SECONDS)


def _known(lake: Lake, file_id: str) -> FileRecord | None:
    try:
        return lake.ledger.files.get(file_id)
    except UnknownFileError:
        return None


def _stuck(states: Counter[str], patience_seconds: float) -> str:
    waiting = ", ".join(sorted(set(states) - FINAL_STATES)) or "settled, but their run goes on"
    return (
        f"Nothing changed for {patience_seconds:.0f} s; files are {waiting}. "
        "`lake status` and `lake logs` say what happened to them."
    )
