"""Take one person's records out of the text of a file; every other byte stays as it is.

A record is the person's when a column that names a person has one of their ids. Where a record is malformed, or such a
column is empty or damaged, it is theirs when it mentions an id or a contact of theirs anywhere.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cartlake.contracts.names import column_of, written_names
from cartlake.csv_records import BLANK, CsvLayout, RecordSplitter
from cartlake.json_objects import objects_of
from cartlake.record_rows import filler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cartlake.contracts import Contract
    from cartlake.record_rows import Cells
    from cartlake_cli.erasure.subject import Subject

_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Columns:
    """The columns of a dataset that name a person, and what files may call them."""

    contract: Contract
    names: tuple[str, ...]

    def is_one(self, written: str) -> bool:
        """Return whether a file's column of this name names a person."""
        return self.called(written) in self.names

    def called(self, written: str) -> str:
        """Return the column that a file calls by a name; the name where there is none."""
        known = written_names((column.name, column.aliases) for column in self.contract.table.file_columns)
        loose = self.contract.file_options.names == "loose"
        unpivot = self.contract.table.unpivot
        numbered = unpivot.numbered(written, loose=loose) if unpivot else None
        return numbered or column_of(written, known, loose=loose) or written


@dataclass
class Removed:
    """How many records were taken out, and how many stay."""

    removed: int = 0
    kept: int = 0


@dataclass
class TextEraser:
    """Takes the person's records out of lines of CSV or JSON. `counts` is complete once all lines were taken."""

    subject: Subject
    columns: Columns
    counts: Removed = field(default_factory=Removed)

    def json_lines(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines, each with its line end, without the person's objects."""
        for line in lines:
            if kept := self._json_line(line):
                yield kept

    def _json_line(self, line: bytes) -> bytes:
        body = line.rstrip(b"\r\n")
        if not body.strip(BLANK):
            return line
        objects = objects_of(body, self.columns.contract.max_line_bytes)
        starts = _places(body, objects)
        ends = [*starts[1:], len(body)]
        kept = [body[a:b] for one, a, b in zip(objects, starts, ends, strict=True) if not self._count(self._json(one))]
        if len(kept) == len(objects):
            return line
        return b"".join(kept) + line[len(body) :] if kept else b""

    def _json(self, text: bytes) -> bool:
        """Return whether an object is the person's."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            return self._mentioned(text)
        values = [str(value) for name, value in found.items() if value is not None and self.columns.is_one(name)]
        # Letters may be written as escapes.
        return self._is_theirs(values, text + json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))

    def csv(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines, each with its line end, without the person's records. The first is the header, or blank."""
        lines = iter(lines)
        header = None
        for line in lines:
            yield line
            if line.removeprefix(_MARK).strip(BLANK):
                header = line
                break
        if header is not None:
            yield from self._csv(lines, header.removeprefix(_MARK).rstrip(b"\r\n"))

    def _csv(self, lines: Iterable[bytes], header: bytes) -> Iterator[bytes]:
        options = self.columns.contract.csv
        layout = CsvLayout(1, options.delimiter, options.quote, self.columns.contract.max_line_bytes)
        names = layout.values(header)
        layout = CsvLayout(len(names), options.delimiter, options.quote, self.columns.contract.max_line_bytes)
        called = [self.columns.called(name or "") for name in names]
        unpivot = self.columns.contract.table.unpivot
        places = [
            place
            for place, name in enumerate(called)
            if (unpivot.column(name) if unpivot else name) in self.columns.names
        ]
        # Records below each other may have the person's id in the first of them alone.
        filled = filler(called, self.columns.contract.table.fill_down)
        for unit, record in csv_units(lines, layout):
            if record is None or not self._count(self._csv_record(unit, record, layout, places, filled)):
                yield unit

    def _csv_record(
        self,
        unit: bytes,
        record: bytes,
        layout: CsvLayout,
        places: Sequence[int],
        filled: Callable[[Cells], Cells],
    ) -> bool:
        if not layout.record.fullmatch(record):
            return self._mentioned(unit)
        values = filled(layout.values(record))
        return self._is_theirs([value for place in places if (value := values[place]) is not None], unit)

    def _is_theirs(self, values: Sequence[str], text: bytes) -> bool:
        if any(map(self.subject.is_named_by, values)):
            return True
        damaged = not any(value.strip() for value in values) or any(
            self.subject.mention.search(value.encode()) for value in values
        )
        return damaged and self._mentioned(text)

    def _mentioned(self, text: bytes) -> bool:
        return self.subject.mention.search(text) is not None

    def _count(self, theirs: bool) -> bool:  # noqa: FBT001 - the one thing that is counted
        if theirs:
            self.counts.removed += 1
        else:
            self.counts.kept += 1
        return theirs


def csv_units(lines: Iterable[bytes], layout: CsvLayout) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield what follows the header in parts: each is a record with its line ends, or a blank line.

    Beside each part stands its record as `RecordSplitter` returns it, None for a blank line. Together the parts are the
    file.
    """
    splitter, waiting = RecordSplitter(layout), deque[bytes]()
    for line in lines:
        waiting.append(line)
        found = splitter.feed([line.removesuffix(b"\n")])
        yield from _units(waiting, [*found.malformed], [*found.good], flush=not splitter.is_open)
    found = splitter.finish()
    yield from _units(waiting, [*found.malformed], [*found.good], flush=True)


def _units(
    waiting: deque[bytes], malformed: list[bytes], good: list[bytes], *, flush: bool
) -> Iterator[tuple[bytes, bytes | None]]:
    """Take the lines of these records from those that wait; both lists are in the order of the file."""
    while waiting and (malformed or good or flush):
        for records in (malformed, good):
            if records and (lines := _lines_of(records[0], waiting)):
                yield b"".join(waiting.popleft() for _ in range(lines)), records.pop(0)
                break
        else:
            yield waiting.popleft(), None


def _lines_of(record: bytes, waiting: Sequence[bytes]) -> int:
    """Return how many of the first lines are this record, 0 if they are not."""
    number = record.count(b"\n") + 1
    text = b"".join(waiting[place] for place in range(min(number, len(waiting))))
    return number if text.removesuffix(b"\n").removesuffix(b"\r") == record.removesuffix(b"\r") else 0


def _places(line: bytes, parts: Sequence[bytes]) -> list[int]:
    """Return where each part begins in the line; the first takes what is before it, too."""
    places, end = [], 0
    for part in parts:
        end = line.index(part, end) + len(part)
        places.append(end - len(part))
    return [0, *places[1:]]
