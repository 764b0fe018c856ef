"""Topics of Kafka: made where they are missing, and sent messages. Kafka's client is imported only when it is used."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.producing import WorldMessage, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LOCAL_BROKER: Final = "127.0.0.1:19092"
"""The broker that terraform/environments/local names, and that `lake up --with-kafka` starts."""
PARTITIONS: Final = 2


def make_topics(brokers: Sequence[str], names: Iterable[str]) -> list[str]:
    """Make the topics that the brokers do not have; returns those. They keep messages for ever: rows are of long ago.

    Raises CommandError when no broker answers.
    """
    from kafka import KafkaAdminClient  # noqa: PLC0415 - see the module

    with _command_errors(brokers, "make the topics"), closing(KafkaAdminClient(bootstrap_servers=[*brokers])) as admin:
        missing = sorted(set(names) - set(admin.list_topics()))
        kept = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": {"retention.ms": "-1"}}
        if missing:
            admin.create_topics(dict.fromkeys(missing, kept), wait_for_metadata=True)
    return missing


def send_all(brokers: Sequence[str], topic: str, messages: Iterable[WorldMessage], speed: float) -> int:
    """Send messages at their times, `speed` times as fast; returns how many. The topic is made where it is missing.

    Raises CommandError when no broker takes them.
    """
    from kafka import KafkaProducer  # noqa: PLC0415 - see the module

    make_topics(brokers, [topic])
    options = {"bootstrap_servers": [*brokers], "acks": "all", "linger_ms": 20}
    with _command_errors(brokers, "take the messages"), closing(KafkaProducer(**options)) as producer:

        def send(message: WorldMessage) -> None:
            producer.send(topic, value=message.value, key=message.key, timestamp_ms=message.timestamp)

        sent = replay(messages, send, speed)
        producer.flush()
    return sent


@contextmanager
def _command_errors(brokers: Sequence[str], act: str) -> Iterator[None]:
    from kafka import errors as kafka_errors  # noqa: PLC0415 - see the module

    try:
        yield
    except kafka_errors.KafkaError as error:
        raise CommandError(
            f"The brokers {', '.join(brokers)} did not {act}: {type(error).__name__}: {error}. Is there a broker? Give "
            f"its address, --brokers HOST:PORT, or start one on this machine: lake up --with-kafka."
        ) from error
