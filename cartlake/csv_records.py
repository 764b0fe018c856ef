"""Split a CSV file into records by one rule, as RFC 4180 says, and set those aside that are none.

A record ends at a line feed outside quotes; a carriage return before it belongs to the line end. A field in quotes may
hold delimiters, line breaks and doubled quotes. A quote inside a field that does not begin with one is text. A record
with another number of fields than the header, or with a quote that is never closed, is malformed: its text is kept, and
what follows an open quote is read as records of its own. https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK: Final = 4 * 1024**2
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CsvLayout:
    """How the records of a file are written. `record_bytes` is the most a record of several lines may have."""

    columns: int
    delimiter: str = ","
    quote: str = '"'
    record_bytes: int = 2**20

    @cached_property
    def _field(self) -> bytes:
        d, q = re.escape(self.delimiter.encode()), re.escape(self.quote.encode())
        return b"(?:%s(?:[^%s]|%s%s)*+%s|[^%s%s][^%s]*+|)" % (q, q, q, q, q, d, q, d)

    @cached_property
    def record(self) -> re.Pattern[bytes]:
        """Matches a whole record without its line end."""
        d = re.escape(self.delimiter.encode())
        return re.compile(b"%s(?:%s%s){%d}" % (self._field, d, self._field, self.columns - 1), re.DOTALL)

    @cached_property
    def open_record(self) -> re.Pattern[bytes]:
        """Matches the beginning of a record whose last field has a quote that is not closed yet."""
        d, q = re.escape(self.delimiter.encode()), re.escape(self.quote.encode())
        return re.compile(b"(?:%s%s)*%s(?:[^%s]|%s%s)*+" % (self._field, d, q, q, q, q), re.DOTALL)

    @cached_property
    def fields(self) -> re.Pattern[bytes]:
        """Matches each field of a record, with the delimiter before all but the first."""
        d = re.escape(self.delimiter.encode())
        return re.compile(b"(?:^|%s)(%s)" % (d, self._field), re.DOTALL)


@dataclass
class Split:
    """What became of a file: records written, and the texts of malformed ones."""

    records: int = 0
    malformed: list[str] = field(default_factory=list)


def split_records(source: BinaryIO, target: BinaryIO, layout: CsvLayout) -> Split:
    """Copy the well-formed records of a file, without its header, and return what is malformed.

    In the copy every record has the layout's columns, and quotes wherever a field has a quote or a carriage return.
    """
    return _Splitter(target, layout).run(source)


class _Splitter:
    def __init__(self, target: BinaryIO, layout: CsvLayout) -> None:
        self.target, self.layout, self.split = target, layout, Split()
        self.delimiter, self.quote = layout.delimiter.encode(), layout.quote.encode()
        self.open: list[bytes] = []  # lines of a record whose quote is not closed yet

    def run(self, source: BinaryIO) -> Split:
        first = True
        for lines in _blocks(source):
            self._lines(lines[1:] if first else lines)
            first = False
        self._give_up_open()
        return self.split

    def _lines(self, lines: list[bytes]) -> None:
        good: list[bytes] = []
        separators, quote = self.layout.columns - 1, self.quote
        for line in lines:
            if self.open or quote in line or b"\r" in line:
                self._special(line, good)
            elif line.count(self.delimiter) == separators and line:
                good.append(line)
            elif line:
                self._malformed(line)
        self._write(good)

    def _write(self, good: list[bytes]) -> None:
        if good:
            self.split.records += len(good)
            self.target.write(b"\n".join(good) + b"\n")

    def _special(self, line: bytes, good: list[bytes]) -> None:
        """A line with a quote or a carriage return, or one that continues a record."""
        text = b"\n".join([*self.open, line])
        ended = text.removesuffix(b"\r")
        if not ended:
            return
        if self.layout.record.fullmatch(ended):
            self.open = []
            good.append(self._quoted(ended))
        elif self.layout.open_record.fullmatch(text) and len(text) <= self.layout.record_bytes:
            self.open.append(line)
        elif self.open:
            self._give_up_open(good)
            self._special(line, good) if self.quote in line or b"\r" in line else self._plain(line, good)
        else:
            self._malformed(ended)

    def _plain(self, line: bytes, good: list[bytes]) -> None:
        if line.count(self.delimiter) == self.layout.columns - 1 and line:
            good.append(line)
        elif line:
            self._malformed(line)

    def _give_up_open(self, good: list[bytes] | None = None) -> None:
        """The quote of the first open line is never closed: it is malformed, and the others stand for themselves."""
        mine: list[bytes] = [] if good is None else good
        while self.open:
            first, *others = self.open
            self.open = []
            self._malformed(first.removesuffix(b"\r"))
            for line in others:
                self._special(line, mine) if self.open or self.quote in line or b"\r" in line else self._plain(
                    line, mine
                )
            if good is not None:
                break
        if good is None:
            self._write(mine)

    def _malformed(self, text: bytes) -> None:
        self.split.malformed.append(text.decode("utf-8", "replace"))

    def _quoted(self, record: bytes) -> bytes:
        """The record with quotes around every field that needs them to be read back."""
        if b"\r" not in record and self._is_plain(record):
            return record
        q = self.quote
        fields = self.layout.fields.findall(record)
        return self.delimiter.join(
            one if one.startswith(q) or not (q in one or b"\r" in one) else q + one.replace(q, q + q) + q
            for one in fields
        )

    def _is_plain(self, record: bytes) -> bool:
        return all(one.startswith(self.quote) or self.quote not in one for one in self.layout.fields.findall(record))


def _blocks(source: BinaryIO) -> Iterator[list[bytes]]:
    """Lines of a file without their line feeds, several megabytes at a time; a byte order mark is left out."""
    rest = source.read(len(_MARK))
    rest = b"" if rest == _MARK else rest
    while block := source.read(_BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        if lines:
            yield lines
    if rest:
        yield [rest]
