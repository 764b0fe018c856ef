"""A Kafka cluster by kafka-python: no consumer group, no automatic commits, committed messages only."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka import errors as kafka_errors

from sources.errors import CredentialsError, SourceUnavailableError, UnknownTopicError
from sources.streams.model import Batch, Message, Offsets, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sources.streams.model import Limits

POLL_MS: Final = 1_000
PATIENCE_SECONDS: Final = 30.0
"""How long a partition may give nothing although it has offsets that were not read."""
MOST_AT_ONCE: Final = 5_000
_DENIED: Final = (
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.ClusterAuthorizationFailedError,
)
_NO_TOPIC: Final = 3
"""Kafka's code UNKNOWN_TOPIC_OR_PARTITION. https://kafka.apache.org/protocol#protocol_error_codes"""
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"
"""The id that brokers before 2.8 give."""


class KafkaBroker:
    """A cluster, reached with the options of kafka-python. Close it: it has threads and connections."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._opened: list[Any] = []

    def topic(self, name: str) -> Topic:
        """Return a topic as it is now. Raises UnknownTopicError, CredentialsError or SourceUnavailableError."""
        with _errors(name):
            found = self._described(name)
            places = [TopicPartition(name, one["partition_index"]) for one in found["partitions"]]
            begins, ends = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
            partitions = {place.partition: Offsets(begins[place], ends[place]) for place in places}
            return Topic(_id_of(found), dict(sorted(partitions.items())))

    def topic_id(self, name: str) -> str | None:
        """Return what Kafka calls the topic that has a name now. Raises what `topic` raises."""
        with _errors(name):
            return _id_of(self._described(name))

    def read(self, topic: str, partition: int, first: int, end: int, limits: Limits) -> Batch:
        """Return messages from `first` to before `end`, fewer where a limit is reached; `next` is always after `first`.

        Raises SourceUnavailableError, also where `first` was deleted meanwhile, and CredentialsError.
        """
        with _errors(topic):
            return self._read(TopicPartition(topic, partition), first, end, limits)

    def close(self) -> None:
        """End all connections."""
        for client in self._opened:
            client.close()
        self._opened.clear()

    def _read(self, place: TopicPartition, first: int, end: int, limits: Limits) -> Batch:
        consumer = self._consumer
        if consumer.assignment() != {place}:
            consumer.assign([place])
            consumer.seek(place, first)
        elif consumer.position(place) != first:
            consumer.seek(place, first)
        messages: list[Message] = []
        size, since = 0, time.monotonic()
        while (position := consumer.position(place)) < end:
            left = min(limits.messages - len(messages), MOST_AT_ONCE)
            found = consumer.poll(timeout_ms=POLL_MS, max_records=left).get(place, [])
            for record in found:
                if record.offset >= end:
                    return Batch(tuple(messages), end)
                messages.append(Message(record.offset, record.timestamp, record.value))
                size += len(record.value or b"")
                if len(messages) >= limits.messages or size >= limits.size:
                    return Batch(tuple(messages), record.offset + 1)
            if consumer.position(place) > position:
                since = time.monotonic()
            elif time.monotonic() - since > PATIENCE_SECONDS:
                raise SourceUnavailableError(
                    f"Partition {place.partition} of topic {place.topic} gave nothing from offset {position} on, "
                    f"though it ends at {end}. The next read tries again; have a look at the brokers."
                )
        return Batch(tuple(messages), end)

    def _described(self, name: str) -> dict[str, Any]:
        [found] = self._admin.describe_topics([name])
        if found["error_code"] == _NO_TOPIC:
            raise kafka_errors.UnknownTopicOrPartitionError
        if found["error_code"]:
            raise kafka_errors.for_code(found["error_code"])
        described: dict[str, Any] = found
        return described

    @cached_property
    def _admin(self) -> Any:
        return self._open(KafkaAdminClient(**self._options))

    @cached_property
    def _consumer(self) -> Any:
        return self._open(
            KafkaConsumer(
                **self._options,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                max_partition_fetch_bytes=8 * 1024**2,
            )
        )

    def _open(self, client: Any) -> Any:
        self._opened.append(client)
        return client


def _id_of(found: dict[str, Any]) -> str | None:
    return None if found.get("topic_id") is None or str(found["topic_id"]) == _NO_ID else str(found["topic_id"])


@contextmanager
def _errors(topic: str) -> Iterator[None]:
    """Turn errors of kafka-python into those of sources."""
    try:
        yield
    except kafka_errors.UnknownTopicOrPartitionError as error:
        raise UnknownTopicError(
            f"There is no topic {topic}, or these credentials may not see it. Nothing was read; create it, or correct "
            f"its name in the contract. What was landed of it before stays, and its offsets are on record."
        ) from error
    except _DENIED as error:
        raise CredentialsError(f"The cluster refuses to let topic {topic} be read: {error}.") from error
    except kafka_errors.UnsupportedCodecError as error:
        raise SourceUnavailableError(
            f"Messages of topic {topic} are compressed by an unknown codec: {error}."
        ) from error
    except kafka_errors.OffsetOutOfRangeError as error:
        raise SourceUnavailableError(
            f"Messages of topic {topic} were deleted while they were read. The next read says how many."
        ) from error
    except kafka_errors.KafkaError as error:
        raise SourceUnavailableError(
            f"The brokers of topic {topic} do not answer as they should: {type(error).__name__}: {error}. The next "
            f"read goes on behind the last file."
        ) from error
