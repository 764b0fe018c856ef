"""Split a CSV file into records by one rule, as RFC 4180 says, and set those aside that are none.

A record ends at a line feed outside quotes; a carriage return before it belongs to the line end. A field in quotes may
hold delimiters, line breaks and doubled quotes. A quote inside a field that does not begin with one is text, and so is
a lone carriage return. A record with another number of fields than the header, with text after a closing quote, or with
a quote that is never closed, is malformed: its text is kept, and what follows the line of an open quote is read as
records of its own. A line of nothing but white space is none. https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

BLANK: Final = bytes(range(0x21))
"""Characters a blank line may have: those Java's `String.trim` takes away, as Spark does to find blank lines."""


@dataclass(frozen=True)
class CsvLayout:
    """How the records of a file are written. `record_bytes` is the most a record of several lines may have."""

    columns: int
    delimiter: str = ","
    quote: str = '"'
    record_bytes: int = 2**20

    @cached_property
    def delimiter_bytes(self) -> bytes:
        return self.delimiter.encode()

    @cached_property
    def quote_bytes(self) -> bytes:
        return self.quote.encode()

    @cached_property
    def record(self) -> re.Pattern[bytes]:
        """Matches a whole record without its line end."""
        return re.compile(b"%s(?:%s%s){%d}" % (self._field, self._d, self._field, self.columns - 1))

    @cached_property
    def open_record(self) -> re.Pattern[bytes]:
        """Matches the first line of a record whose last quote is not closed yet."""
        return re.compile(b"(?:%s%s)*+%s%s" % (self._field, self._d, self._q, self._quoted_text))

    @cached_property
    def still_open(self) -> re.Pattern[bytes]:
        """Matches a line that begins inside quotes and ends inside quotes, the same or others."""
        reopened = b"(?:%s%s(?:%s%s)*+%s%s)?" % (self._q, self._d, self._field, self._d, self._q, self._quoted_text)
        return re.compile(self._quoted_text + reopened)

    @cached_property
    def fields(self) -> re.Pattern[bytes]:
        """Matches each field of a record, with the delimiter before all but the first."""
        return re.compile(b"(?:^|%s)(%s)" % (self._d, self._field))

    @cached_property
    def quoted_within_line(self) -> re.Pattern[bytes]:
        """Matches a whole field in quotes that has no line feed. Where none is left, no quote must be left either."""
        d, q = self._d, self._q
        # The quote comes first, so that the search steps from quote to quote.
        return re.compile(b"%s(?<![^%s\n]%s)(?:[^%s\n]++|%s%s)*+%s(?=[%s\n]|\r\n)" % (q, d, q, q, q, q, q, d))

    @property
    def _d(self) -> bytes:
        return re.escape(self.delimiter_bytes)

    @property
    def _q(self) -> bytes:
        return re.escape(self.quote_bytes)

    @property
    def _quoted_text(self) -> bytes:
        return b"(?:[^%s]++|%s%s)*+" % (self._q, self._q, self._q)

    @property
    def _field(self) -> bytes:
        d, q = self._d, self._q
        return b"(?:%s%s%s|[^%s%s\n][^%s\n]*+|)" % (q, self._quoted_text, q, q, d, d)

    def values(self, record: bytes) -> list[str | None]:
        """Return the fields of a well-formed record as text; None for an empty field, with or without quotes."""
        return [self._value(found) for found in self.fields.findall(record)]

    def _value(self, found: bytes) -> str | None:
        q = self.quote_bytes
        if found.startswith(q):
            return found[1:-1].replace(q + q, q).decode("utf-8", "replace") or None
        return found.decode("utf-8", "replace") or None


@dataclass(slots=True)
class Records:
    """Well-formed and malformed records of some lines, without their line ends, each in the order of the file."""

    good: list[bytes]
    malformed: list[bytes]


class RecordSplitter:
    """Feed it the lines of a file, in order and without the header, then `finish`.

    It keeps the lines of one record whose quote is not closed, at most `record_bytes`, and reads no line more than a
    few times.
    """

    def __init__(self, layout: CsvLayout) -> None:
        self._layout = layout
        self._open: list[bytes] = []
        self._open_bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether the last line ended inside quotes."""
        return bool(self._open)

    def feed(self, lines: Iterable[bytes]) -> Records:
        """Return the records that end in these lines, which have no line feeds."""
        found = Records([], [])
        quote, delimiter, separators = self._layout.quote_bytes, self._layout.delimiter_bytes, self._layout.columns - 1
        for line in lines:
            if self._open or quote in line or b"\r" in line or line.count(delimiter) != separators or line[:1] <= b" ":
                self._special(line, found)
            else:
                found.good.append(line)
        return found

    def finish(self) -> Records:
        """Return what is left when the file ends: an open record, whose quote is never closed, and its other lines."""
        found = Records([], [])
        while self._open:
            for line in self._give_up(found):
                self._special(line, found)
        return found

    def _special(self, line: bytes, found: Records) -> None:
        """A line that continues a record, or may be malformed, blank or the first of several."""
        waiting = deque((line,))
        while waiting:
            one = waiting.popleft()
            if not self._open:
                self._begin(one, found)
            elif not self._continue(one, found):
                waiting.appendleft(one)
                waiting.extendleft(reversed(self._give_up(found)))

    def _begin(self, line: bytes, found: Records) -> None:
        ended = line.removesuffix(b"\r")
        if not ended.strip(BLANK):
            return
        if self._layout.record.fullmatch(ended):
            found.good.append(ended)
        elif self._layout.open_record.fullmatch(line):
            self._open, self._open_bytes = [line], len(line)
        else:
            found.malformed.append(ended)

    def _continue(self, line: bytes, found: Records) -> bool:
        """Add a line to the open record; return whether it can belong to it."""
        if self._open_bytes + len(line) >= self._layout.record_bytes:
            return False
        if self._layout.quote_bytes not in line or self._layout.still_open.fullmatch(line):
            self._open.append(line)
            self._open_bytes += len(line) + 1
            return True
        record = b"\n".join([*self._open, line.removesuffix(b"\r")])
        if not self._layout.record.fullmatch(record):
            return False
        found.good.append(record)
        self._open = []
        return True

    def _give_up(self, found: Records) -> list[bytes]:
        """The first open line is malformed; return the others, which stand for themselves."""
        first, *others = self._open
        self._open = []
        found.malformed.append(first.removesuffix(b"\r"))
        return others
