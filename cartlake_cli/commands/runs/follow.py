"""Live progress of files and runs until nothing moves any more."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cartlake.ledger import FileRecord, FileState, RunRecord, UnknownFileError
from cartlake.runs.ids import Workflow
from cartlake_cli.errors import CommandError
from cartlake_cli.output import STATE_STYLES

if TYPE_CHECKING:
    from cartlake_cli.context import Lake

FINAL_STATES = frozenset({FileState.LOADED, FileState.REJECTED, FileState.DUPLICATE, FileState.FAILED})
UPLOADED = "UPLOADED"
"""Not a state of the ledger: the object is there, its event has not arrived yet."""

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 900.0
"""How long nothing may change before following gives up."""

WHICH_RUN = f"`lake runs --dataset {Workflow.REFRESH}`"


def follow_files(
    lake: "Lake",
    dataset: str,
    file_ids: Sequence[str],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> list[FileRecord]:
    """Show files and runs of one dataset until each file is settled and no run goes on; returns the files.

    Raises CommandError when nothing changed for `patience_seconds`.
    """
    options: dict[str, Any] = {"patience_seconds": patience_seconds, "clock": clock, "pause": pause}
    return follow_datasets(lake, {dataset: file_ids}, **options)[dataset]


def follow_datasets(
    lake: "Lake",
    dropped: Mapping[str, Sequence[str]],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, list[FileRecord]]:
    """The same for the files of several datasets, given by their ids."""
    seen: object = None
    last_change = clock()
    with Live(console=lake.output.messages, refresh_per_second=4, transient=lake.output.as_json) as live:
        while True:
            found = {dataset: [_known(lake, file_id) for file_id in ids] for dataset, ids in dropped.items()}
            runs = [run for dataset in dropped for run in lake.ledger.runs.list(dataset)]
            states = {dataset: Counter(f.state if f else UPLOADED for f in files) for dataset, files in found.items()}
            if not lake.output.as_json:
                live.update(_picture(states, runs))
            settled = {dataset: [f for f in files if f and f.state in FINAL_STATES] for dataset, files in found.items()}
            if all(
                len(settled[one]) == len(ids) and lake.ledger.locks.get(one) is None for one, ids in dropped.items()
            ):
                return settled
            now = (states, [(run.run_id, run.state) for run in runs])
            if now != seen:
                seen, last_change = now, clock()
            if clock() - last_change > patience_seconds:
                raise CommandError(_stuck(sum(states.values(), Counter()), patience_seconds))
            pause(POLL_SECONDS)


def follow_refresh(
    lake: "Lake",
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
    lake: "Lake",
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Sequence[RunRecord]:
    """The same, however the refresh ended."""
    seen: object = None
    last_change = clock()
    while True:
        # In this order: what was claimed before the first look is rebuilt under a lock that the second look finds.
        stale, lock, runs = (
            lake.ledger.has_pending(Workflow.REFRESH),
            lake.ledger.locks.get(Workflow.REFRESH),
            lake.ledger.runs.list(Workflow.REFRESH),
        )
        if not stale and lock is None:
            return runs
        now = (stale, lock, [(run.run_id, run.state) for run in runs])
        if now != seen:
            seen, last_change = now, clock()
        if clock() - last_change > patience_seconds:
            raise CommandError(f"The refresh has not moved for {patience_seconds:.0f} s. `lake logs` says where it is.")
        pause(POLL_SECONDS)


def _known(lake: "Lake", file_id: str) -> FileRecord | None:
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


def _picture(datasets: Mapping[str, Counter[str]], runs: Sequence[RunRecord]) -> Group:
    lines = []
    for dataset, states in datasets.items():
        settled = sum(states[state] for state in FINAL_STATES)
        line = Text(f"{dataset}: {settled} of {states.total()} files settled   ")
        for state, count in sorted(states.items()):
            line.append(f"{state} {count}  ", style=STATE_STYLES.get(state, ""))
        lines.append(line)
    return Group(*lines, _run_table(runs))


def _run_table(runs: Sequence[RunRecord]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2))
    for column in ("run", "state", "files", "read", "published", "quarantined", "duplicate"):
        table.add_column(column, justify="left" if column in {"run", "state"} else "right")
    for run in sorted(runs, key=lambda run: run.started_at):
        counts = run.counts.model_dump().values() if run.counts else [None] * 4
        state = Text(run.state, style=STATE_STYLES.get(run.state, ""))
        table.add_row(run.run_id, state, f"{run.files}", *("" if n is None else f"{n:,}" for n in counts))
    return table
