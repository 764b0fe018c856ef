"""Chunks of rows as CSV and Parquet by pyarrow, as JSON lines by DuckDB, with the dirty rows at their places."""

import csv
import io
from dataclasses import dataclass
from functools import cache
from typing import IO, Final, Literal, Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from generators.files.dirty_rows import DirtyRows
from generators.files.text import Record, as_text, from_records
from generators.schemas import shown_as_text

Format = Literal["csv", "jsonl", "parquet"]

NEEDS_QUOTES: Final = (b'"', b",", b"\r", b"\n")
TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


class Sink(Protocol):
    """Writes the chunks of one file in one format."""

    def write(self, rows: pa.Table, dirty: DirtyRows) -> None:
        """Append these rows, with the dirty ones at their places."""
        ...


@dataclass
class CsvSink:
    """CSV. When one value of a chunk needs quotes, all values of the chunk are quoted, else none is."""

    file: IO[bytes]

    def write(self, rows: pa.Table, dirty: DirtyRows) -> None:
        names = rows.column_names
        text = dirty.merged(as_text(rows), from_records(dirty.records, rows.schema))
        options = pacsv.WriteOptions(include_header=False, quoting_style="needed" if needs_quotes(text) else "none")
        written = 0
        for place, record in dirty.placed():
            if list(record) != names:  # a table cannot hold a row of more or fewer columns
                pacsv.write_csv(text.slice(written, place - written), self.file, options)
                self.file.write(csv_line(record))
                written = place + 1
        pacsv.write_csv(text.slice(written), self.file, options)


@dataclass
class JsonSink:
    """JSON lines. Numbers and flags have no quotes, unless they are dirty and no JSON."""

    file: IO[bytes]

    def write(self, rows: pa.Table, dirty: DirtyRows) -> None:
        schema = rows.schema
        dirty_lines = json_lines(from_records(dirty.records, schema), schema)
        lines = dirty.merged(json_lines(rows, schema), dirty_lines).column("line").combine_chunks()
        together = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
        self.file.write(pc.binary_join(together, "")[0].as_buffer())


@dataclass
class ParquetSink:
    """Parquet, with the types of the schema."""

    writer: pq.ParquetWriter

    def write(self, rows: pa.Table, dirty: DirtyRows) -> None:
        self.writer.write_table(dirty.merged(rows, from_records(dirty.records, rows.schema).cast(rows.schema)))


def needs_quotes(text: pa.Table) -> bool:
    """Whether a value of these text columns has a quote, a comma or a line break."""
    values = (chunk.buffers()[2] for column in text.columns for chunk in column.chunks)
    return any(mark in data for data in (part.to_pybytes() for part in values if part) for mark in NEEDS_QUOTES)


def csv_line(record: Record) -> bytes:
    """One line with as many values as the record has."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(record.values())
    return line.getvalue().encode()


def json_lines(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """One text column `line`: each row as a JSON object and a line feed. `rows` are typed, or dirty rows as text."""
    # DuckDB formats times without a time zone and without its extension for time zones; they are in UTC either way.
    naive = pa.schema([(f.name, pa.timestamp("us") if pa.types.is_timestamp(f.type) else f.type) for f in rows.schema])
    values = ", ".join(f'"{field.name}" := {json_value(field, schema)}' for field in rows.schema)
    relation = engine().from_arrow(rows.cast(naive))
    return relation.project(f"to_json(struct_pack({values})) || chr(10) as line").to_arrow_table()


def json_value(field: pa.Field, schema: pa.Schema) -> str:
    """SQL of a column's JSON value. Dirty text in a column of numbers or flags stays text when it is no JSON."""
    name = f'"{field.name}"'
    if pa.types.is_timestamp(field.type):
        return f"strftime({name}, '{TIME_FORMAT}')"
    if pa.types.is_string(field.type) and not shown_as_text(schema.field(field.name).type):
        return f"coalesce(try_cast({name} as json), to_json({name}))"
    return name


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, on one thread, so that the order of rows stays."""
    return duckdb.connect(config={"threads": 1})
