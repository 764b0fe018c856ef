"""`lake streams` and `lake stream`: topics of Kafka that the lake reads."""

import time
from typing import Annotated, Final

import typer

from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.offsets import offset_report
from cartlake_cli.operations.raw_files.streams import read_stream
from cartlake_cli.operations.raw_files.streams import streams as streams_of
from cartlake_cli.options import Json

COLUMNS: Final = (
    "topic",
    "dataset",
    "enabled",
    "schedule",
    "state",
    "incarnation",
    "offsets",
    "records",
    "poison",
    "lost",
    "lag",
    "read_at",
    "error",
)
PAUSE_SECONDS: Final = 2.0


def register(app: typer.Typer) -> None:
    """Add `lake streams` and `lake stream`."""
    app.command("streams")(streams)
    app.command("stream")(stream)


def streams(
    context: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(help="A topic: say what became of its offsets, and fail if the sums differ.")
    ] = None,
    json: Json = False,
) -> None:
    """List topics of Kafka and how far each was read; of one topic, hold its offsets against rows."""
    del json  # its callback has set the output
    lake = lake_of(context)
    if topic is None:
        lake.output.records("Streams", COLUMNS, streams_of(lake))
        return
    report = offset_report(lake, topic)
    lake.output.record(f"Offsets of {topic}", report.model_dump())
    if report.faults:
        raise CommandError(f"Offsets and rows of {topic} do not add up: {'; '.join(report.faults)}. docs/streams.md.")


def stream(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help="Name of a topic; `lake streams` lists them.")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on reading until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Read a topic of Kafka now: what is new in it becomes files in the raw zone."""
    del json
    lake = lake_of(context)
    _read(lake, topic)
    while follow:
        time.sleep(PAUSE_SECONDS)
        _read(lake, topic, silent=True)


def _read(lake: Lake, topic: str, *, silent: bool = False) -> None:
    answer = read_stream(lake, topic)
    notices = answer.pop("notices")
    if answer["offsets"] or not silent:
        lake.output.record("Read", answer)
    for notice in notices:
        lake.output.say(notice)
    if answer["lost"]:
        raise CommandError(f"{answer['lost']:,} messages of {topic} are lost; everything else was read.")
    if answer["files"]:
        lake.output.say("The lake loads the files by itself: [bold]lake status --follow[/bold].")
