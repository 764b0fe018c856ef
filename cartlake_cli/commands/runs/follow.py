"""Progress of files and runs on the terminal while a command waits for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cartlake.ledger import FileRecord, RunRecord
from cartlake_cli.operations.follow import FINAL_STATES, STALL_TIMEOUT_SECONDS, wait_for_files
from cartlake_cli.output import STATE_STYLES

if TYPE_CHECKING:
    from cartlake_cli.context import Lake


def follow_files(
    lake: "Lake", dataset: str, file_ids: Sequence[str], *, timeout_seconds: float = STALL_TIMEOUT_SECONDS
) -> list[FileRecord]:
    """Show files and runs of one dataset until each file has a final state and no run is running; returns the files.

    Raises CommandError when nothing changed for `timeout_seconds`.
    """
    return follow_datasets(lake, {dataset: file_ids}, timeout_seconds=timeout_seconds)[dataset]


def follow_datasets(
    lake: "Lake", dropped: Mapping[str, Sequence[str]], *, timeout_seconds: float = STALL_TIMEOUT_SECONDS
) -> dict[str, list[FileRecord]]:
    """Do what `follow_files` does for several datasets.

    `dropped` has the ids of files by dataset. Returns the files by dataset, in the order given.
    """
    with Live(console=lake.output.messages, refresh_per_second=4, transient=lake.output.as_json) as live:

        def show(states: Mapping[str, Counter[str]], runs: Sequence[RunRecord]) -> None:
            if not lake.output.as_json:
                live.update(_progress(states, runs))

        return wait_for_files(lake, dropped, show, timeout_seconds=timeout_seconds)


def _progress(datasets: Mapping[str, Counter[str]], runs: Sequence[RunRecord]) -> Group:
    lines = []
    for dataset, states in datasets.items():
        processed = sum(states[state] for state in FINAL_STATES)
        line = Text(f"{dataset}: {processed} of {states.total()} files processed   ")
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
