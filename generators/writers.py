"""Files of rows, a chunk at a time, with spoiled rows instead of some of the clean ones or between them."""

import gzip
import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Literal, Protocol, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators.columns import Batch, rows_of
from generators.dirt import DirtKind
from generators.manifest import GeneratedFile, Role
from generators.randomness import Ints
from generators.render import Record, csv_line, csv_lines, json_line, json_lines, records, table, typed_value

GZIP_LEVEL: Final = 4  # a third of the time of the usual 9, for a tenth more bytes

Format = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True)
class Spoiled:
    """Dirty rows of a chunk: each stands in place of the clean row at its position, or before it (`extra`).

    Positions are zero-based, in ascending order, and for replacements unique.
    """

    positions: Ints
    records: Sequence[Record]
    extra: bool = False


NONE_SPOILED: Final = Spoiled(np.array([], dtype=np.int64), ())


def spoil(batch: Batch, rows: Ints, faults: Sequence[tuple[DirtKind, int]]) -> list[Record]:
    """The rows at these positions as records, each with its fault: the kind, and which of its variants."""
    spoiled = records({name: column.take(rows) for name, column in batch.items()})
    for record, (kind, choice) in zip(spoiled, faults, strict=True):
        kind.spoil(record, choice)
    return spoiled


class Sink(Protocol):
    """Where chunks go, in one format."""

    def write(self, batch: Batch, spoiled: Spoiled) -> None: ...


@dataclass
class TextSink:
    """CSV or JSON lines."""

    file: IO[bytes]
    render_rows: Callable[[Batch], pa.Array]
    render_record: Callable[[Record], str]

    def write(self, batch: Batch, spoiled: Spoiled) -> None:
        rendered = self.render_rows(batch)
        lines = [self.render_record(record) for record in spoiled.records]
        if lines and not spoiled.extra:
            rendered = pc.replace_with_mask(rendered, mask_of(spoiled.positions, len(rendered)), pa.array(lines))
        # The values of a string array lie end to end in one buffer, and each ends in its line feed: that is the file.
        characters = rendered.buffers()[2].slice(0, pc.sum(pc.binary_length(rendered)).as_py() or 0)
        if lines and spoiled.extra:
            ends = np.frombuffer(rendered.buffers()[1], np.int32)[spoiled.positions].astype(np.int64)
            self.file.write(b"".join(interleaved(memoryview(characters), ends, lines)))
        else:
            self.file.write(characters)


def interleaved(characters: memoryview, places: Ints, lines: Sequence[str]) -> list[bytes | memoryview]:
    """The characters with each of the lines put in at its place, a number of characters from the start."""
    pieces: list[bytes | memoryview] = []
    before = 0
    for place, line in zip(places.tolist(), lines, strict=True):
        pieces += [characters[before:place], line.encode()]
        before = place
    return [*pieces, characters[before:]]


@dataclass
class ParquetSink:
    writer: pq.ParquetWriter
    schema: pa.Schema

    def write(self, batch: Batch, spoiled: Spoiled) -> None:
        rows = table(batch, self.schema)
        if spoiled.records:
            dirty = pa.table(
                {
                    name: pa.array([typed_value(self.schema, name, record[name]) for record in spoiled.records], kind)
                    for name, kind in zip(self.schema.names, self.schema.types, strict=True)
                },
                schema=self.schema,
            )
            rows = pa.concat_tables([rows, dirty]).take(pa.array(merged_order(len(rows), spoiled)))
        self.writer.write_table(rows)


def merged_order(rows: int, spoiled: Spoiled) -> Ints:
    """Which row comes where: the clean ones count from 0, the spoiled ones from `rows`."""
    order = np.arange(rows)
    dirty = rows + np.arange(len(spoiled.positions))
    if spoiled.extra:
        return np.insert(order, spoiled.positions, dirty)
    order[spoiled.positions] = dirty
    return order


def mask_of(positions: Ints, length: int) -> pa.Array:
    mask = np.zeros(length, dtype=bool)
    mask[positions] = True
    return pa.array(mask)


class RowFile:
    """One file being written; afterwards `entry` describes it. Its name ends as its format and compression do."""

    def __init__(  # noqa: PLR0913
        self, directory: Path, stem: str, schema: pa.Schema, file_format: str, *, compressed: bool, folder: str = ""
    ) -> None:
        if compressed and file_format == "parquet":
            raise ValueError("Parquet compresses itself: gzip is for csv and jsonl")
        self.name = f"{folder}{stem}.{file_format}{'.gz' if compressed else ''}"
        self.path = directory / self.name
        self.rows = 0
        self.dirty_rows = 0
        self._schema = schema
        self._format = file_format
        self._compressed = compressed
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._format == "parquet":
            writer = self._open.enter_context(pq.ParquetWriter(self.path, self._schema))
            self._sink: Sink = ParquetSink(writer, self._schema)
            return self
        file = self._open.enter_context(self.path.open("wb"))
        if self._compressed:
            # No name and no time in the header: the same rows give the same bytes.
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0)
            file = cast("IO[bytes]", self._open.enter_context(packed))  # type: ignore[assignment]
        if self._format == "csv":
            file.write((",".join(self._schema.names) + "\n").encode())
            self._sink = TextSink(file, csv_lines, csv_line)
        else:
            self._sink = TextSink(file, json_lines, lambda record: json_line(record, self._schema))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, batch: Batch, spoiled: Spoiled = NONE_SPOILED) -> None:
        self._sink.write(batch, spoiled)
        self.rows += rows_of(batch) + (len(spoiled.records) if spoiled.extra else 0)
        self.dirty_rows += len(spoiled.records)

    def entry(self, role: Role) -> GeneratedFile:
        """Call it once the file is closed."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return GeneratedFile(
            name=self.name,
            role=role,
            rows=self.rows,
            clean_rows=self.rows - self.dirty_rows,
            dirty_rows=self.dirty_rows,
            size=self.path.stat().st_size,
            sha256=digest,
        )
