"""`lake produce`: a generated world as messages of a topic. Kafka's client is imported only when it runs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import typer

from cartlake import contracts
from cartlake_cli.context import lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.producing import WorldMessage, messages_of, replay
from cartlake_cli.options import Json  # noqa: TC001 -- typer reads annotations when it runs
from sources.streams.registry import streams_of

BROKERS: Final = "127.0.0.1:19092"
"""The brokers of the environment `local`."""
PARTITIONS: Final = 2


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
    brokers: Annotated[str, typer.Option(help="Addresses of brokers, as host:port,host:port.")] = BROKERS,
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
    sent = _send_all(topic, messages, speed, brokers.split(","))
    output.record("Sent", {"topic": topic, "dataset": dataset, "messages": sent})


def _send_all(topic: str, messages: list[WorldMessage], speed: float, brokers: list[str]) -> int:
    from kafka import KafkaAdminClient, KafkaProducer  # noqa: PLC0415 - see the module
    from kafka import errors as kafka_errors  # noqa: PLC0415

    try:
        with closing(KafkaAdminClient(bootstrap_servers=brokers)) as admin:
            if topic not in admin.list_topics():
                # Messages have the times of their rows, which may be longer ago than a topic keeps them.
                kept = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": {"retention.ms": "-1"}}
                admin.create_topics({topic: kept}, wait_for_metadata=True)
        with closing(KafkaProducer(bootstrap_servers=brokers, acks="all", linger_ms=20)) as producer:

            def send(message: WorldMessage) -> None:
                producer.send(topic, value=message.value, key=message.key, timestamp_ms=message.timestamp)

            sent = replay(messages, send, speed)
            producer.flush()
            return sent
    except kafka_errors.KafkaError as error:
        raise CommandError(
            f"The brokers {', '.join(brokers)} did not take the messages: {type(error).__name__}: {error}. Is there a "
            f"broker? Give its address: --brokers HOST:PORT."
        ) from error
