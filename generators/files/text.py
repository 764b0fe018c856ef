"""Rows as text, as CSV shows them; and single rows as records that can be changed."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

Record = dict[str, str | None]
"""One raw row: text by column in file order, None where the value is missing."""


def as_text(table: pa.Table) -> pa.Table:
    """The same rows with every column as text: times as `2026-01-31T23:59:59Z`, decimals with all their digits."""
    return pa.table({name: text_of(table.column(name)) for name in table.column_names})


def text_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """One column as text. Times are in whole seconds."""
    if not pa.types.is_timestamp(column.type):
        return pc.cast(column, pa.string())
    # Without a time zone, Arrow formats ten times faster; the times are in UTC either way.
    naive = column.cast(pa.timestamp("s", tz="UTC")).cast(pa.timestamp("s")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(naive, " ", "T"), "", "Z")


def records(table: pa.Table) -> list[Record]:
    """The rows as records."""
    # numpy makes Python strings of a column ten times faster than Arrow does.
    columns = [column.to_numpy().tolist() for column in as_text(table).columns]
    return [dict(zip(table.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def from_records(rows: Sequence[Record], schema: pa.Schema) -> pa.Table:
    """Text columns with the names of the schema; null for a missing key, and keys that it has not are left out."""
    return pa.Table.from_pylist(list(rows), pa.schema([(name, pa.string()) for name in schema.names]))
