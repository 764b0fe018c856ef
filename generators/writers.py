"""Files of order lines, a chunk at a time, with some of the rows spoiled."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators.dirt import DirtKind
from generators.manifest import GeneratedFile, Role
from generators.order_lines import OrderLines
from generators.render import (
    COLUMNS,
    SCHEMA,
    Record,
    csv_line,
    csv_lines,
    json_line,
    json_lines,
    table,
    text_columns,
    typed_value,
)
from generators.world import World

GZIP_LEVEL: Final = 4  # a third of the time of the usual 9, for a tenth more bytes

# Zero-based position in the chunk → the fault to plant there, and which of its variants.
Planted = Mapping[int, tuple[DirtKind, int]]


class Sink(Protocol):
    """Where chunks go, in one format."""

    def write(self, lines: OrderLines, world: World, planted: Planted) -> None: ...


@dataclass
class TextSink:
    """CSV or JSON lines."""

    file: IO[bytes]
    render_columns: Callable[[Mapping[str, pa.Array]], pa.Array]
    render_record: Callable[[Record], str]

    def write(self, lines: OrderLines, world: World, planted: Planted) -> None:
        columns = text_columns(lines, world)
        rendered = self.render_columns(columns)
        if planted:
            spoiled = [self.render_record(record) for record in spoiled_records(columns, planted)]
            rendered = pc.replace_with_mask(rendered, mask_of(planted, len(lines)), pa.array(spoiled))
        # The values of a string array lie end to end in one buffer, and each ends in its line feed: that is the file.
        self.file.write(rendered.buffers()[2].slice(0, pc.sum(pc.binary_length(rendered)).as_py()))


@dataclass
class ParquetSink:
    writer: pq.ParquetWriter

    def write(self, lines: OrderLines, world: World, planted: Planted) -> None:
        rows = table(lines, world)
        if planted:
            records = spoiled_records(text_columns(lines, world), planted)
            mask = mask_of(planted, len(lines))
            for position, name in enumerate(COLUMNS):
                values = [typed_value(name, record[name]) for record in records]
                typed = pa.array(values, SCHEMA.field(name).type)
                rows = rows.set_column(position, name, pc.replace_with_mask(rows[name].combine_chunks(), mask, typed))
        self.writer.write_table(rows)


def spoiled_records(columns: Mapping[str, pa.Array], planted: Planted) -> list[Record]:
    """The planted rows, in the order of their positions, each with its fault."""
    positions = pa.array(sorted(planted), pa.int64())
    records: list[Record] = pa.table(dict(columns)).take(positions).to_pylist()
    for position, record in zip(positions.to_pylist(), records, strict=True):
        kind, choice = planted[position]
        kind.spoil(record, choice)
    return records


def mask_of(planted: Planted, length: int) -> pa.Array:
    mask = np.zeros(length, dtype=bool)
    mask[list(planted)] = True
    return pa.array(mask)


class RowFile:
    """One file being written; afterwards `entry` describes it. Its name ends as its format and compression do."""

    def __init__(self, directory: Path, stem: str, file_format: str, *, compressed: bool) -> None:
        if compressed and file_format == "parquet":
            raise ValueError("Parquet compresses itself: gzip is for csv and jsonl")
        self.path = directory / f"{stem}.{file_format}{'.gz' if compressed else ''}"
        self.rows = 0
        self.dirty_rows = 0
        self._format = file_format
        self._compressed = compressed
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._format == "parquet":
            self._sink: Sink = ParquetSink(self._open.enter_context(pq.ParquetWriter(self.path, SCHEMA)))
            return self
        file = self._open.enter_context(self.path.open("wb"))
        if self._compressed:
            # No name and no time in the header: the same rows give the same bytes.
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0)
            file = cast("IO[bytes]", self._open.enter_context(packed))  # type: ignore[assignment]
        if self._format == "csv":
            file.write((",".join(COLUMNS) + "\n").encode())
            self._sink = TextSink(file, csv_lines, csv_line)
        else:
            self._sink = TextSink(file, json_lines, json_line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, lines: OrderLines, world: World, planted: Planted) -> None:
        self._sink.write(lines, world, planted)
        self.rows += len(lines)
        self.dirty_rows += len(planted)

    def entry(self, role: Role) -> GeneratedFile:
        """Call it once the file is closed."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return GeneratedFile(
            name=self.path.name,
            role=role,
            rows=self.rows,
            clean_rows=self.rows - self.dirty_rows,
            dirty_rows=self.dirty_rows,
            size=self.path.stat().st_size,
            sha256=digest,
        )
