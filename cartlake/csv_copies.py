"""Copies of a CSV file that no reader can misread: its well-formed records, and the texts of malformed ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from operator import methodcaller
from typing import TYPE_CHECKING, BinaryIO, Final

from cartlake.csv_records import BLANK, CsvLayout, Records, RecordSplitter

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

BLOCK_BYTES: Final = 4 * 1024**2
PART_BYTES: Final = 32 * 1024
"""Bytes of lines that are looked at one by one when not each of them is a record."""
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Split:
    """How many records of a file were written to the one and the other copy."""

    good: int = 0
    malformed: int = 0


def split_records(  # noqa: PLR0913, PLR0917 - the last two are for tests
    source: BinaryIO,
    good: BinaryIO,
    malformed: BinaryIO,
    layout: CsvLayout,
    block_bytes: int = BLOCK_BYTES,
    part_bytes: int = PART_BYTES,
) -> Split:
    """Copy the records of a file, without its header: the well-formed ones, and the texts of the malformed ones.

    In the first copy every record has the layout's columns, and quotes around every field that holds a quote, a
    carriage return or a line feed; the second has one column, always in quotes. Lines end in a line feed.
    """
    return _Copy(good, malformed, layout, part_bytes).run(source, block_bytes)


class _Copy:
    def __init__(self, good: BinaryIO, malformed: BinaryIO, layout: CsvLayout, part_bytes: int) -> None:
        self._good, self._malformed, self._layout, self._split = good, malformed, layout, Split()
        self._part_bytes = part_bytes
        self._splitter = RecordSplitter(layout)

    def run(self, source: BinaryIO, block_bytes: int) -> Split:
        for block in without_header(whole_lines(source, block_bytes)):
            self._take(block)
        self._write(self._splitter.finish())
        return self._split

    def _take(self, block: bytes) -> None:
        """Take whole lines: many at once where each is a record, line by line in the parts where some are not."""
        waiting = [block]
        while waiting:
            part = waiting.pop()
            if not self._splitter.is_open and self._take_plain(part):
                continue
            half = self._part_bytes if self._splitter.is_open else len(part) // 2
            cut = part.find(b"\n", half) + 1
            if len(part) <= self._part_bytes or cut in (0, len(part)):
                self._write(self._splitter.feed(part[:-1].split(b"\n")))
            else:
                waiting += [part[cut:], part[:cut]]

    def _take_plain(self, part: bytes) -> bool:
        """Write the lines that are records, and feed the others; return False where each needs a look."""
        wrong = lines_to_look_at(part, self._layout)
        if wrong is None:
            return False
        text = part.replace(b"\r\n", b"\n") if b"\r" in part else part
        if not wrong:
            self._split.good += text.count(b"\n")
            self._good.write(text)
            return True
        lines = text[:-1].split(b"\n")
        for before, place in pairwise([-1, *wrong, len(lines)]):
            plain = lines[before + 1 : place]
            self._split.good += len(plain)
            self._good.writelines((b"\n".join(plain), b"\n") if plain else ())
            self._write(self._splitter.feed(lines[place : place + 1]))
        return True

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


def lines_to_look_at(part: bytes, layout: CsvLayout) -> list[int] | None:
    """Return the places of the lines of a part that are no records by themselves; the others any reader reads alike.

    None where quotes or carriage returns leave open what a line is. A part at a time, because a few searches through
    megabytes take less time than a look at every line.
    """
    bare = unquoted(part, layout)
    if bare is None:
        return None
    lines = bare[:-1].split(b"\n")
    counts, separators = list(map(methodcaller("count", layout.delimiter_bytes), lines)), layout.columns - 1
    wrong = [] if counts.count(separators) == len(counts) else [i for i, n in enumerate(counts) if n != separators]
    if layout.columns == 1 or layout.delimiter_bytes in BLANK:
        blank = {place for place, line in enumerate(lines) if not line.strip(BLANK)}
        return sorted(blank.union(wrong))
    return wrong


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


def whole_lines(
    source: BinaryIO, block_bytes: int = BLOCK_BYTES, cut_at: re.Pattern[bytes] | None = None
) -> Iterator[bytes]:
    """Read a file in blocks that end in a line feed, which a last line is given; a byte order mark is left out.

    With `cut_at`, a block without a line feed ends behind the last place where the pattern matches, if it does.
    """
    start = source.read(len(_MARK))
    parts = [b"" if start == _MARK else start]
    while block := source.read(block_bytes):
        end = block.rfind(b"\n") + 1
        if not end and cut_at:
            end = max((found.end() for found in cut_at.finditer(block)), default=0)
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
            found = bool(line.strip(BLANK))
        if rest:
            yield rest


def _in_quotes(text: bytes, quote: bytes) -> bytes:
    return quote + text.replace(quote, quote + quote) + quote
