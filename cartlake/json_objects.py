"""Split a line of JSON into its objects: programs such as Amazon Data Firehose write them without line breaks between.

A line of JSON lines holds one object, or several with nothing but white space between them: each is a row. Where two
objects meet, a closing brace is followed by an opening one, and that by a key. No object has such a place outside of
its texts, so a line is cut there, unless the place is inside a text, such as `{"name": "}{"}`. What does not begin or
end as an object stays one malformed row: the objects before and behind it are rows nevertheless.
"""

from __future__ import annotations

import json
import re
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from cartlake.csv_copies import BLOCK_BYTES, whole_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

SPACE: Final = b" \t\r"
MEETING: Final = re.compile(rb'\}[ \t\r]*+(?=\{[ \t\r]*+["}])')
"""Matches the end of an object, with the white space behind it, where another one seems to begin."""

_MAY_CONTINUE: Final = re.compile(rb"\}[ \t\r]*+(?:\{[ \t\r]*+)?\Z")
_TEXTS: Final = 8
"""Most places inside the texts of one object that look as if two objects met there."""


def objects_of(line: bytes, most_bytes: int) -> list[bytes]:
    """Return the objects of a line, and what is none; the line as it is where no objects meet in it.

    An object with such a place in a text is found whole if it has no more than `most_bytes`.
    """
    cut = ObjectSplitter(most_bytes)
    return [*cut.feed(line), *cut.end_line()]


class ObjectSplitter:
    """Feed it a line in one or more parts that were cut behind a match of MEETING, then `end_line`.

    It keeps a few parts of a line, which may belong to one object.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._waiting: deque[bytes] = deque()

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Yield the objects whose end is certain."""
        self._waiting.extend(_pieces(part))
        while len(self._waiting) > _TEXTS:
            yield self._next().rstrip(SPACE)

    def end_line(self) -> Iterator[bytes]:
        """Yield what is left of the line; the last as it is."""
        while self._waiting:
            found = self._next()
            yield found.rstrip(SPACE) if self._waiting else found

    def _next(self) -> bytes:
        first = self._waiting.popleft()
        if not _ends_in_text(first):
            return first
        joined = first
        for number, piece in enumerate(islice(self._waiting, _TEXTS - 1), start=1):
            joined += piece
            if len(joined) > self._most:
                break
            if _ends_in_text(piece) and _is_object(joined):
                for _ in range(number):
                    self._waiting.popleft()
                return joined
        return first


def one_object_a_line(source: BinaryIO, most_bytes: int, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield a text in blocks of whole lines, which end in a line feed: its lines, cut where objects meet.

    Memory does not depend on the length of lines, as long as objects are at most `most_bytes` long.
    """
    cut, open_line = ObjectSplitter(most_bytes), False
    for block in whole_lines(source, block_bytes, cut_at=MEETING):
        if not open_line and block.endswith(b"\n") and not MEETING.search(block):
            yield block
            continue
        *lines, last = block.split(b"\n")
        found = [piece for line in lines for piece in (*cut.feed(line), *cut.end_line())]
        if last:
            found += cut.feed(last)
        open_line = bool(last)
        if found:
            yield b"\n".join(found) + b"\n"


class MeetingObjects:
    """Feed it the chunks of a text, then `finish`, to learn whether objects meet in a line. It keeps a few bytes."""

    def __init__(self) -> None:
        self._found = False
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the same bytes with a line feed where objects meet, but for those at the end that may meet others."""
        if self._rest:
            chunk = self._rest + chunk
        lines, meetings = MEETING.subn(b"}\n", chunk)
        self._found = self._found or meetings > 0
        rest = _MAY_CONTINUE.search(lines, max(0, len(lines) - 4096))
        self._rest = lines[rest.start() :] if rest else b""
        return lines.removesuffix(self._rest)

    def finish(self) -> bool:
        """Return whether each line has one object at most."""
        return not self._found


def _pieces(line: bytes) -> Iterable[bytes]:
    start = 0
    for found in MEETING.finditer(line):
        yield line[start : found.end()]
        start = found.end()
    yield line[start:]


def _ends_in_text(piece: bytes) -> bool:
    """Return whether one of two quotes is missing: those behind a backslash are part of a text."""
    return piece.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"') % 2 == 1


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
