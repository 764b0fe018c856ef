"""The Kafka broker that `lake up --with-kafka` starts beside the embedded AWS. Its messages stay in `.lake/kafka`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.topics import LOCAL_BROKER, make_topics
from localaws.errors import LocalAwsError
from localaws.kafka.broker import KafkaBroker
from localaws.kafka.jars import JARS
from localaws.spark import java

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def broker_of(root: Path) -> KafkaBroker:
    """Return the broker of a checkout, whether it runs or not."""
    return KafkaBroker(root / ".lake" / "kafka", int(LOCAL_BROKER.rpartition(":")[2]), root / ".cache")


def start(broker: KafkaBroker, topics: Iterable[str]) -> list[str]:
    """Start a broker, which downloads 43 MB of jars the first time, and make topics; returns those that were missing.

    Raises CommandError when another process has its port, when it does not start, when its jars cannot be downloaded.
    """
    if broker.process_id is None and broker.listens:
        raise CommandError(
            f"Port {broker.port} is in use, so Kafka cannot listen on {broker.address}. Another checkout may have"
            f" started it: `lake down` there stops it."
        )
    try:
        java.ensure()
        JARS.resolve(broker.cache)
        broker.start()
    except LocalAwsError as error:
        raise CommandError(str(error)) from error
    return make_topics([broker.address], topics)


def stop(broker: KafkaBroker) -> bool:
    """Stop a broker; returns False when it did not run."""
    running = broker.process_id is not None
    broker.stop()
    return running
