"""What a reader needs of a broker: topics, their offsets, and records of one partition in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Message:
    """A record of a topic. `timestamp` is in milliseconds since 1970, as the broker has it; None for a tombstone."""

    offset: int
    timestamp: int
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Offsets:
    """The offsets that a partition has: from `begin` to before `end`."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is now. `topic_id` is None where the broker knows none."""

    topic_id: str | None
    partitions: Mapping[int, Offsets]


@dataclass(frozen=True, slots=True)
class Batch:
    """The messages from an offset to before `next`; offsets between them hold none."""

    messages: tuple[Message, ...]
    next: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much becomes one file: it is ended by the first message that reaches a limit."""

    messages: int = 20_000
    size: int = field(default=32 * 1024**2)
    """Bytes of values. A file is made in memory."""


class Broker(Protocol):
    """A Kafka cluster."""

    def topic(self, name: str) -> Topic:
        """Return a topic as it is now. Raises UnknownTopicError, CredentialsError or SourceUnavailableError."""

    def topic_id(self, name: str) -> str | None:
        """Return what Kafka calls the topic that has a name now. Raises what `topic` raises."""

    def read(self, topic: str, partition: int, first: int, end: int, limits: Limits) -> Batch:
        """Return messages from `first` to before `end`, fewer where a limit is reached; `next` is always after `first`.

        Offsets that the broker deleted are left out. Raises SourceUnavailableError and CredentialsError.
        """
