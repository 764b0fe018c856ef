"""Rows of a generated world as messages, sent in the order and at the pace in which they happened."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from sources.streams.horizon import event_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cartlake.contracts import Table

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WorldMessage:
    """A row: when it was sent, the value of the first column of its key, and its text."""

    at: datetime
    key: bytes
    value: bytes

    @property
    def timestamp(self) -> int:
        """Return when it was sent, in milliseconds since 1970."""
        return int(self.at.timestamp() * 1000)


class Send(Protocol):
    """Sends a message."""

    def __call__(self, message: WorldMessage) -> None: ...


def messages_of(folder: Path, table: Table) -> list[WorldMessage]:
    """Return the rows of all files of JSON lines in a folder, by the time of their version.

    A row whose time cannot be read is sent with the one before it: a replay has the errors of the world.
    """
    lines = (line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines())
    return sorted(_messages(lines, table), key=lambda message: message.at)


def replay(
    messages: Iterable[WorldMessage],
    send: Send,
    speed: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Send messages at their times, `speed` times as fast; returns how many. Late ones are sent at once."""
    first, begun, sent = None, clock(), 0
    for message in messages:
        first = first or message.at
        due = begun + (message.at - first).total_seconds() / speed
        if (wait := due - clock()) > 0:
            sleep(wait)
        send(message)
        sent += 1
    return sent


def _messages(lines: Iterable[bytes], table: Table) -> Iterator[WorldMessage]:
    at = _LONG_AGO
    for line in lines:
        row = _row(line)
        at = event_at(row.get(str(table.version_column))) or at
        yield WorldMessage(at, str(row.get(table.primary_key[0], "")).encode(), line)


def _row(line: bytes) -> dict[str, object]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
