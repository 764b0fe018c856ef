"""Waits for files, the refresh, maintenance or the forecast to end, with an error when nothing changes for too long."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cartlake.ledger import FileRecord, FileState, RunRecord, RunState
from cartlake.runs.ids import Workflow, subject_of
from cartlake.times import stamp, utc_now
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.status import waits_until

FINAL_STATES = frozenset({FileState.LOADED, FileState.REJECTED, FileState.DUPLICATE, FileState.FAILED})
UPLOADED = "UPLOADED"
"""Not a state of the ledger: the object exists, and its event has not been handled yet."""

POLL_SECONDS = 0.5
FILES_AT_ONCE = 25
STALL_TIMEOUT_SECONDS = 900.0
"""How long nothing may change before waiting ends with an error."""

WHICH_RUN = f"`lake runs --dataset {Workflow.REFRESH}`"

Progress = Callable[[Mapping[str, Counter[str]], Sequence[RunRecord]], None]
"""A function of the number of files by state for each dataset, and of the runs of these datasets."""


@dataclass
class StallDetector:
    """Tells whether a value that is polled has not changed for `timeout_seconds`."""

    timeout_seconds: float
    clock: Callable[[], float]
    _seen: object = field(default=None, init=False)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def is_stalled(self, seen: object) -> bool:
        """Return True once the same value has been given for longer than `timeout_seconds`."""
        if seen != self._seen:
            self._seen, self._since = seen, self.clock()
        return self.clock() - self._since > self.timeout_seconds


@dataclass
class WatchedFiles:
    """Files that are looked at again and again, at few of many: the states of the others are those last seen.

    Runs take the oldest files first. So at each look the next files are read only once the ones before them have a
    final state, and some others, in turn, for the numbers that are shown.
    """

    file_ids: Sequence[str]
    read: Callable[[Sequence[str]], Sequence[FileRecord]]
    at_once: int = FILES_AT_ONCE
    _known: dict[str, FileRecord] = field(default_factory=dict, init=False)
    _turn: int = field(default=0, init=False)

    def look(self) -> list[FileRecord | None]:
        """Return the files in the order given, None for one that was not received when it was last looked at."""
        left = [file_id for file_id in self.file_ids if not self._is_final(file_id)]
        while some := left[: self.at_once]:
            self._read(some)
            left = left[self.at_once :]
            if not all(map(self._is_final, some)):
                break
        if left:
            start = self._turn * self.at_once % len(left)
            self._read(left[start : start + self.at_once])
            self._turn += 1
        return [self._known.get(file_id) for file_id in self.file_ids]

    def look_again(self) -> list[FileRecord]:
        """Return the files that still have a final state. One that was not loaded may have got another since."""
        self._read([file_id for file_id, file in self._known.items() if file.state is not FileState.LOADED])
        return [self._known[file_id] for file_id in self.file_ids if self._is_final(file_id)]

    def _is_final(self, file_id: str) -> bool:
        return file_id in self._known and self._known[file_id].state in FINAL_STATES

    def _read(self, file_ids: Sequence[str]) -> None:
        self._known.update({file.file_id: file for file in self.read(file_ids)})


def wait_for_files(
    lake: Lake,
    dropped: Mapping[str, Sequence[str]],
    progress: Progress,
    *,
    timeout_seconds: float = STALL_TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, list[FileRecord]]:
    """Wait until each file, given by dataset and id, has a final state and no run of its dataset is running.

    Returns the files by dataset, in the order given. Calls `progress` at each poll. Raises CommandError when nothing
    changed for `timeout_seconds`, but for a run that gathers files and is not due yet.
    """
    stall = StallDetector(timeout_seconds, clock)
    watched = {dataset: WatchedFiles(ids, lake.ledger.files.get_many) for dataset, ids in dropped.items()}
    while True:
        found = {dataset: files.look() for dataset, files in watched.items()}
        runs = [run for dataset in dropped for run in lake.ledger.runs.list(dataset)]
        states = {dataset: Counter(f.state if f else UPLOADED for f in files) for dataset, files in found.items()}
        progress(states, runs)
        # A file is LOADED before its run ends, and only then may the next run of the dataset start.
        if all(_final(files) and lake.ledger.locks.get(dataset) is None for dataset, files in found.items()):
            final = {dataset: files.look_again() for dataset, files in watched.items()}
            if all(len(final[dataset]) == len(ids) for dataset, ids in dropped.items()):
                return final
        stalled = stall.is_stalled((states, [(run.run_id, run.state) for run in runs]))
        if stalled and not _waits(lake, dropped):
            raise CommandError(_stuck(sum(states.values(), Counter()), timeout_seconds))
        pause(POLL_SECONDS)


def follow_refresh(
    lake: Lake,
    *,
    timeout_seconds: float = STALL_TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Sequence[RunRecord]:
    """Wait until no table waits to be rebuilt and none is being rebuilt; returns the runs of the refresh.

    Raises CommandError when tables stay stale because their refresh failed, and when nothing changed for
    `timeout_seconds`.
    """
    runs = wait_for_refresh(lake, timeout_seconds=timeout_seconds, clock=clock, pause=pause)
    if left := lake.ledger.stale.of_failed_refreshes():
        names = ", ".join(sorted({mark.table for mark in left}))
        raise CommandError(f"The refresh failed; changes of {names} wait for the next. {WHICH_RUN} says why.")
    return runs


def wait_for_refresh(
    lake: Lake,
    *,
    timeout_seconds: float = STALL_TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Sequence[RunRecord]:
    """Wait until no refresh is pending or running, however it ended; returns the runs of the refresh.

    Raises CommandError when nothing changed for `timeout_seconds`, but for a refresh that waits and is not due yet.
    """
    stall = StallDetector(timeout_seconds, clock)
    while True:
        # In this order: a refresh that claimed marks before the first read still holds the lock at the second.
        stale, lock, runs = (
            lake.ledger.has_pending(Workflow.REFRESH),
            lake.ledger.locks.get(Workflow.REFRESH),
            lake.ledger.runs.list(Workflow.REFRESH),
        )
        if not stale and lock is None:
            return runs
        stalled = stall.is_stalled((stale, lock, [(run.run_id, run.state) for run in runs]))
        if stalled and not _waits(lake, [Workflow.REFRESH]):
            raise CommandError(f"The refresh made no progress for {timeout_seconds:.0f} s. `lake logs` says why.")
        pause(POLL_SECONDS)


def wait_for_run(
    lake: Lake,
    run_id: str,
    *,
    timeout_seconds: float = STALL_TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> RunRecord:
    """Wait until a run of maintenance or the forecast has ended and released its lock; returns it, however it ended.

    Raises CommandError when it takes longer than `timeout_seconds`.
    """
    deadline = clock() + timeout_seconds
    while True:
        lock, run = lake.ledger.locks.get(subject_of(run_id)), lake.ledger.runs.get(run_id)
        if run is not None and run.state is not RunState.RUNNING and (lock is None or lock.run_id != run_id):
            return run
        if clock() > deadline:
            raise CommandError(
                f"Run {run_id} has not ended after {timeout_seconds:.0f} s. See `lake run show {run_id}`."
            )
        pause(POLL_SECONDS)


def _waits(lake: Lake, subjects: Iterable[str]) -> bool:
    """Return whether a run of one of the subjects gathers work, and is not due yet."""
    return max(waits_until(lake, subjects).values(), default="") >= stamp(utc_now())


def _final(files: Sequence[FileRecord | None]) -> bool:
    return all(file is not None and file.state in FINAL_STATES for file in files)


def _stuck(states: Counter[str], timeout_seconds: float) -> str:
    waiting = ", ".join(sorted(set(states) - FINAL_STATES)) or "processed, but their run is still running"
    return (
        f"Nothing changed for {timeout_seconds:.0f} s; files are {waiting}. "
        "`lake status` and `lake logs` say what happened to them."
    )
