"""`lake produce`: a generated world as messages of a topic."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake_cli.context import lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.producing import messages_of
from cartlake_cli.operations.raw_files.topics import LOCAL_BROKER, send_all
from cartlake_cli.options import Json  # noqa: TC001 -- typer reads annotations when it runs
from sources.streams.registry import streams_of


def register(app: typer.Typer) -> None:
    """Add `lake produce`."""
    app.command()(produce)


def produce(  # one parameter for each option of the command
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help="A topic that a contract names; `lake streams` lists them.")],
    *,
    speed: Annotated[float, typer.Option(min=0.01, help="How many times as fast as it happened.")] = 60,
    days: Annotated[int, typer.Option(min=1, help="Days of the world; it ends yesterday.")] = 1,
    orders_per_day: Annotated[int, typer.Option(min=1, help="Orders a day, with 11 clicks each.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and options give the same messages.")] = 42,
    brokers: Annotated[str, typer.Option(help="Addresses of brokers, as host:port,host:port.")] = LOCAL_BROKER,
    json: Json = False,
) -> None:
    """Send orders or clicks of a generated world to a topic of Kafka, as fast as they happened or faster."""
    del json  # its callback has set the output
    from generators.world import generate_world  # noqa: PLC0415 - numpy and Arrow, see the module

    known = streams_of(contracts.load_all())
    if topic not in known:
        raise CommandError(f"No contract names topic {topic!r}; there are {', '.join(known)}.")
    output, dataset = lake_of(context).output, known[topic].dataset
    with TemporaryDirectory(prefix="world-") as folder:
        options: dict[str, Any] = {"days": days, "orders_per_day": orders_per_day, "seed": seed}
        generate_world(Path(folder), file_format="jsonl", datasets=[dataset], **options)
        messages = messages_of(Path(folder) / dataset, contracts.load(dataset).table)
    output.say(f"{len(messages):,} messages of {days} days are sent to {topic}, {speed:g} times as fast.")
    sent = send_all(brokers.split(","), topic, messages, speed)
    output.record("Sent", {"topic": topic, "dataset": dataset, "messages": sent})
