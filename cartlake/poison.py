"""Messages of a stream that are no row: each is one line of a raw file, which is quarantined with where it was.

Such a line is `{"_poison": {"reason": …, "partition": …, "offset": …, "timestamp": …, "bytes": …, "text": …}}`. A value
of a key that begins with an underscore is never nested in a row (`cartlake.json_lines`), so every engine takes the line
for malformed, and keeps its text.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Final

KEY: Final = "_poison"


class PoisonReason(StrEnum):
    """Why a message is no row. A row that is quarantined has it as its reason."""

    NOT_JSON = "not_json"
    """The value is not one object of JSON in UTF-8."""
    TOMBSTONE = "tombstone"
    """There is no value: in a compacted topic, such a message deletes its key."""
    TOO_LARGE = "too_large"
    """The value has more bytes than the contract allows a line."""
    TOO_LATE = "too_late"
    """The event was longer ago than the contract's horizon when the message was sent."""


PATTERN: Final = rf'^[{{]"{KEY}": [{{]"reason": "({"|".join(PoisonReason)})"'
"""Matches the beginning of a line of a poison message; its group is the reason. The same in Java and RE2."""


def poison_line(reason: PoisonReason, text: str, place: dict[str, int | None]) -> bytes:
    """Return the line of a message that is no row, in ASCII; `place` says where it was in its topic.

    Braces of the text are escaped, so that it never looks as if two objects met in the line.
    """
    known = json.dumps({"reason": reason, **place})
    shown = json.dumps(text).replace("{", "\\u007b").replace("}", "\\u007d")
    return f'{{"{KEY}": {known[:-1]}, "text": {shown}}}}}'.encode()
