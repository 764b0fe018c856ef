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
from operator import methodcaller
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK_BYTES: Final = 4 * 1024**2
_MARK: Final = b"\xef\xbb\xbf"
_BLANK: Final = bytes(range(0x21))
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
        if not ended.strip(_BLANK):
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


@dataclass(slots=True)
class Split:
    """How many records of a file were written to the one and the other copy."""

    good: int = 0
    malformed: int = 0


def split_records(
    source: BinaryIO, good: BinaryIO, malformed: BinaryIO, layout: CsvLayout, block_bytes: int = BLOCK_BYTES
) -> Split:
    """Copy the records of a file, without its header: the well-formed ones, and the texts of the malformed ones.

    In the first copy every record has the layout's columns, and quotes around every field that holds a quote, a
    carriage return or a line feed; the second has one column, always in quotes. Lines end in a line feed.
    """
    return _Copy(good, malformed, layout).run(source, block_bytes)


class _Copy:
    def __init__(self, good: BinaryIO, malformed: BinaryIO, layout: CsvLayout) -> None:
        self._good, self._malformed, self._layout, self._split = good, malformed, layout, Split()
        self._splitter = RecordSplitter(layout)

    def run(self, source: BinaryIO, block_bytes: int) -> Split:
        for block in without_header(whole_lines(source, block_bytes)):
            rows = 0 if self._splitter.is_open else plain_records(block, self._layout)
            if rows:
                self._good.write(block.replace(b"\r\n", b"\n"))
                self._split.good += rows
            else:
                self._write(self._splitter.feed(block[:-1].split(b"\n")))
        self._write(self._splitter.finish())
        return self._split

    def _write(self, found: Records) -> None:
        self._split.good += len(found.good)
        self._split.malformed += len(found.malformed)
        self._good.writelines(self._canonical(record) + b"\n" for record in found.good)
        self._malformed.writelines(_in_quotes(text, self._layout.quote_bytes) + b"\n" for text in found.malformed)

    def _canonical(self, record: bytes) -> bytes:
        """The record with quotes around every field that needs them to be read back."""
        q = self._layout.quote_bytes
        if q not in record and b"\r" not in record:
            return record
        fields = self._layout.fields.findall(record)
        needed = (not field.startswith(q) and (q in field or b"\r" in field) for field in fields)
        return self._layout.delimiter_bytes.join(
            _in_quotes(field, q) if need else field for field, need in zip(fields, needed, strict=True)
        )


def plain_records(block: bytes, layout: CsvLayout) -> int:
    """Return the number of records of some whole lines where each line is a record that any reader reads alike, else 0.

    A block at a time, because a few searches through megabytes take less time than a look at every line.
    """
    bare = unquoted(block, layout)
    if bare is None:
        return 0
    lines = bare[:-1].split(b"\n")
    if set(map(methodcaller("count", layout.delimiter_bytes), lines)) != {layout.columns - 1}:
        return 0
    may_be_blank = layout.columns == 1 or layout.delimiter_bytes in _BLANK
    return 0 if may_be_blank and not all(line.strip(_BLANK) for line in lines) else len(lines)


def unquoted(block: bytes, layout: CsvLayout) -> bytes | None:
    """Return whole lines without their fields in quotes, None if a quote or a carriage return is anywhere else.

    None also where quotes hold a line break: such lines are no records by themselves.
    """
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return None
    if layout.quote_bytes not in block:
        return block
    bare = layout.quoted_within_line.sub(b"", block)
    return None if layout.quote_bytes in bare else bare


def whole_lines(source: BinaryIO, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Read a file in blocks that end in a line feed, which a last line is given; a byte order mark is left out."""
    start = source.read(len(_MARK))
    parts = [b"" if start == _MARK else start]
    while block := source.read(block_bytes):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*parts, block[:end]])
            parts = []
        parts.append(block[end:])
    if rest := b"".join(parts):
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def without_header(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Leave out the first line that is not blank, and the blank ones before it. Blocks end in a line feed."""
    found = False
    for block in blocks:
        rest = block
        while rest and not found:
            line, _, rest = rest.partition(b"\n")
            found = bool(line.strip(_BLANK))
        if rest:
            yield rest


def _in_quotes(text: bytes, quote: bytes) -> bytes:
    return quote + text.replace(quote, quote + quote) + quote
