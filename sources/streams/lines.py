"""Messages as lines of a raw file: the bytes of a message that is one object of JSON, any other as a poison message."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cartlake.poison import PoisonReason, poison_line
from sources.streams.horizon import NO_HORIZON

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sources.streams.horizon import Horizon
    from sources.streams.model import Message

ENVELOPE_BYTES: Final = 400
"""At most what a line of a poison message has beside its text."""
BYTES_OF_A_BYTE: Final = 6
r"""At most what one byte of a value takes in ASCII JSON: `\u0001`, or `\\xff` for one that is no UTF-8."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file, and how many of them are poison messages."""

    body: bytes
    records: int
    poison: int


@dataclass(frozen=True, slots=True)
class LineWriter:
    """Writes messages of a topic as lines of at most `max_line_bytes`, which is what the contract allows."""

    max_line_bytes: int
    horizon: Horizon = NO_HORIZON

    def lines(self, partition: int, messages: Iterable[Message]) -> Lines:
        """Return the lines of messages: rows first, so that the first line shows what the file has."""
        rows, poison = [], []
        for message in messages:
            reason = self._reason(message)
            if reason is None:
                rows.append(one_line(message.value or b""))
            else:
                poison.append(self._poison(reason, partition, message))
        body = b"".join(line + b"\n" for line in (*rows, *poison))
        return Lines(body, len(rows) + len(poison), len(poison))

    def _reason(self, message: Message) -> PoisonReason | None:
        if message.value is None:
            return PoisonReason.TOMBSTONE
        if len(message.value) > self.max_line_bytes:
            return PoisonReason.TOO_LARGE
        row = object_of(message.value)
        if row is None:
            return PoisonReason.NOT_JSON
        return PoisonReason.TOO_LATE if self.horizon.is_late(row, message.timestamp) else None

    def _poison(self, reason: PoisonReason, partition: int, message: Message) -> bytes:
        value = message.value or b""
        place = {
            "partition": partition,
            "offset": message.offset,
            "timestamp": message.timestamp,
            "bytes": None if message.value is None else len(value),
        }
        line = poison_line(reason, value.decode(errors="backslashreplace"), place)
        if len(line) <= self.max_line_bytes:
            return line
        # What is cut off here is in the topic, for as long as the topic keeps it.
        shown = value[: (self.max_line_bytes - ENVELOPE_BYTES) // BYTES_OF_A_BYTE]
        return poison_line(reason, shown.decode(errors="backslashreplace"), place)


def object_of(value: bytes) -> dict[str, Any] | None:
    """Return a value that is one object of JSON in UTF-8, as RFC 8259 has it; None for any other."""
    try:
        found = json.loads(value.decode(), parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def one_line(value: bytes) -> bytes:
    """Return an object of JSON on one line: line breaks in it are white space, since those of texts are escaped."""
    return value.replace(b"\r", b" ").replace(b"\n", b" ")


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")
