"""`lake status`: what is in the lake's hands right now."""

import time
from collections import Counter
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from cartlake import contracts
from cartlake.ledger import FileState
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.options import Json, Limit, OptionalDataset
from cartlake_cli.output import records_of, table_of


def register(app: typer.Typer) -> None:
    app.command("status")(status)
    app.command("files")(files)


def status(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep looking until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Count files by state, name the running runs and the messages that could not be handled."""
    lake = lake_of(context)
    if not follow or lake.output.as_json:
        _show(lake, look(lake))
        return
    width = lake.output.console.width
    with Live(_table(look(lake), width), console=lake.output.console, refresh_per_second=2) as live:
        while True:
            time.sleep(1)
            live.update(_table(look(lake), width))


def files(
    context: typer.Context,
    dataset: OptionalDataset = None,
    state: Annotated[FileState | None, typer.Option(help="Only files in this state.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List files with their state and, where they were not loaded, the reason."""
    lake = lake_of(context)
    newest_first = lake.ledger.files.list(dataset, state)[::-1]
    columns = ["key", "state", "reason", "file_id"]
    lake.output.records("Files", columns, records_of(newest_first[:limit]))


def look(lake: Lake) -> dict[str, Any]:
    """Count, per dataset, files by state and pending ones, name the run that holds the lock; count dead letters."""
    ledger = lake.ledger
    datasets = [
        {
            "dataset": dataset,
            **Counter(file.state.value for file in ledger.files.list(dataset)),
            "pending": len(ledger.files.pending(dataset)),
            "running": lock.run_id if (lock := ledger.locks.get(dataset)) else None,
        }
        for dataset in sorted({*contracts.names(), *ledger.files.datasets()})
    ]
    outputs = lake.outputs
    dead = {name: _depth(lake, url) for name, url in _dead_letter_queues(outputs).items()}
    return {"environment": lake.environment, "datasets": datasets, "dead_letters": dead}


def _dead_letter_queues(outputs: Any) -> dict[str, str]:
    return {"incoming": outputs.incoming_dlq_url, "events": outputs.events_dlq_url}


def _depth(lake: Lake, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = lake.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def _show(lake: Lake, seen: dict[str, Any]) -> None:
    if lake.output.as_json:
        lake.output.json(seen)
        return
    lake.output.console.print(_table(seen, lake.output.console.width))
    for name, depth in seen["dead_letters"].items():
        if depth:
            lake.output.say(f"[red]{depth} dead letters in `{name}`[/red]: `lake redrive {name}` delivers them again.")


def _table(seen: dict[str, Any], width: int) -> Table:
    columns = ["dataset", *FileState, "pending", "running"]
    return table_of(f"Files in {seen['environment']}", columns, seen["datasets"], width)
