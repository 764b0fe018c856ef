"""`lake status` and `lake files`: the files and runs of the lake as they are now."""

import time
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from cartlake.ledger import FileState
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.operations.status import status_of, waits_until
from cartlake_cli.options import Json, Limit, OptionalDataset
from cartlake_cli.output import records_of, table_of


def register(app: typer.Typer) -> None:
    app.command("status")(status)
    app.command("files")(files)


def status(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Refresh every second until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Count files by state, show running runs, and count files not in the ledger and messages not handled."""
    lake = lake_of(context)
    if not follow or lake.output.as_json:
        _show(lake, status_of(lake))
        return
    width = lake.output.console.width
    with Live(_table(status_of(lake, compare=False), width), console=lake.output.console, refresh_per_second=2) as live:
        while True:
            time.sleep(1)
            live.update(_table(status_of(lake, compare=False), width))


def files(
    context: typer.Context,
    dataset: OptionalDataset = None,
    state: Annotated[FileState | None, typer.Option(help="Only files in this state.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List files with their state and, where they were not loaded, the reason."""
    lake = lake_of(context)
    newest_first = lake.ledger.files.list(dataset, state)[::-1][:limit]
    until = waits_until(lake, {file.dataset for file in newest_first if file.state is FileState.VALIDATED})
    rows = [
        row | {"waits_until": until.get(file.dataset) if file.state is FileState.VALIDATED else None}
        for file, row in zip(newest_first, records_of(newest_first), strict=True)
    ]
    columns = ["key", "state", "reason", *(["waits_until"] if until else []), "file_id"]
    lake.output.records("Files", columns, rows)


def _show(lake: Lake, seen: dict[str, Any]) -> None:
    if lake.output.as_json:
        lake.output.json(seen)
        return
    lake.output.console.print(_table(seen, lake.output.console.width))
    lost = seen["not_in_ledger"]
    if lost["files"]:
        lake.output.say(f"[red]{lost['files']} files are not in the ledger[/red]: `lake sweep` has them validated.")
    if not lost["complete"]:
        lake.output.say(f"{lost['looked_at']:,} files were compared with the ledger; `lake sweep --dry-run` does all.")
    for name, depth in seen["dead_letters"].items():
        if depth:
            lake.output.say(f"[red]{depth} dead letters in `{name}`[/red]: `lake redrive {name}` sends them again.")


def _table(seen: dict[str, Any], width: int) -> Table:
    columns = ["dataset", *FileState, "pending", "running"]
    rows = [row | {"running": row["running"] or _next(row["next_run_at"])} for row in seen["datasets"]]
    return table_of(f"Files in {seen['environment']}", columns, rows, width)


def _next(at: str | None) -> str | None:
    """Say when the next run begins, of a dataset whose files are gathered for it."""
    return f"gathering until {at[11:19]} UTC" if at else None
