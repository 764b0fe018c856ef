"""Rows as lines of CSV or JSON and as typed Arrow tables, whatever the dataset; and single rows as records."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from generators.columns import Batch, Choice, Column, escaped, fused_cells

NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
NEEDS_QUOTES: Final = re.compile('[",\r\n]')

# One raw row: text by column in file order, None where the value is missing.
Record = dict[str, str | None]


def csv_lines(batch: Batch) -> pa.Array:
    """One string per row, with its line feed; a missing value is empty."""
    *most, last = cells_of(batch.values())
    return pc.binary_join_element_wise(*most, pc.binary_join_element_wise(last, "", "\n"), ",")


def cells_of(columns: Iterable[Column]) -> Iterator[pa.Array]:
    """Cells of each column; of neighbours that choose by the same codes, together."""
    for _, group in groupby(columns, lambda column: id(column.codes if isinstance(column, Choice) else column)):
        alike = list(group)
        choices = [column for column in alike if isinstance(column, Choice)]
        yield fused_cells(choices) if len(choices) > 1 else alike[0].cells()


def json_lines(batch: Batch) -> pa.Array:
    """One JSON object per row, with its line feed; numbers are JSON numbers."""
    pieces: list[Any] = []
    before = "{"
    for name, column in batch.items():
        values = escaped(column)
        quote = '"' if column.quoted and not values.null_count else ""
        pieces += [f'{before}"{name}":{quote}', quoted_or_null(values) if values.null_count else values]
        before = f"{quote},"
    return pc.binary_join_element_wise(*pieces, before.replace(",", "}\n"), "")


def quoted_or_null(values: pa.Array) -> pa.Array:
    return pc.fill_null(pc.binary_join_element_wise('"', values, '"', ""), "null")


def table(batch: Batch, schema: pa.Schema) -> pa.Table:
    """The typed rows."""
    return pa.table({name: column.typed() for name, column in batch.items()}, schema=schema)


def records(batch: Batch) -> list[Record]:
    # numpy makes Python strings of a column ten times faster than Arrow does.
    columns = [column.text().to_numpy(zero_copy_only=False).tolist() for column in batch.values()]
    return [dict(zip(batch, values, strict=True)) for values in zip(*columns, strict=True)]


def csv_line(record: Record) -> str:
    return ",".join(csv_cell(value or "") for value in record.values()) + "\n"


def csv_cell(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if NEEDS_QUOTES.search(value) else value


def json_line(record: Record, schema: pa.Schema) -> str:
    def literal(name: str, value: str | None) -> str:
        is_bare = value and is_bare_type(schema.field(name).type) and (NUMBER.fullmatch(value) or value in BOOLEANS)
        return str(value) if is_bare else json.dumps(value, ensure_ascii=False)

    return "{" + ",".join(f'"{name}":{literal(name, value)}' for name, value in record.items()) + "}\n"


BOOLEANS: Final = {"true": True, "false": False}


def typed_value(schema: pa.Schema, name: str, text: str | None) -> Any:
    """The value for the schema; raises ValueError, KeyError or decimal.InvalidOperation for text not of its type."""
    kind = schema.field(name).type
    if text is None or pa.types.is_string(kind):
        return text
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(text).astimezone(UTC)
    if pa.types.is_date(kind):
        return date.fromisoformat(text)
    if pa.types.is_boolean(kind):
        return BOOLEANS[text]
    return Decimal(text) if pa.types.is_decimal(kind) else int(text)


def is_bare_type(kind: pa.DataType) -> bool:
    """Whether JSON writes the values without quotes."""
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind))
