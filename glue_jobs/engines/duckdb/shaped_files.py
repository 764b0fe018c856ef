"""Copies of CSV files whose records were given the shape of a contract's rows, by Python."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING

from cartlake.csv_records import CsvLayout
from glue_jobs.engines.duckdb.raw_files import SHAPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cartlake.contracts import Contract
    from cartlake.row_shapes import Cell, RowShape


def shaped_copy(path: Path, header: Sequence[str], layout: CsvLayout, shape: RowShape) -> Path:
    """Return a file with the rows of the records of another copy, which is in `layout`, as `shape` has them."""
    target, rows = path.with_suffix(".shaped"), shape.rows(header)
    with target.open("w", encoding="utf-8", newline="") as copy:
        copy.writelines(_line(row) for cells in _records(path, layout) for row in rows(cells))
    return target


def shaped_layout(shape: RowShape, header: Sequence[str], contract: Contract) -> CsvLayout:
    """How `shaped_copy` writes records."""
    return CsvLayout(len(shape.columns_of(header)), ",", '"', SHAPED * contract.max_line_bytes)


def _records(path: Path, layout: CsvLayout) -> Iterator[Sequence[Cell]]:
    """Yield the records of a copy in the order of the file, which DuckDB does not keep; empty cells are None."""
    csv.field_size_limit(sys.maxsize)  # the validator has checked the length of lines
    with path.open(encoding="utf-8", errors="replace", newline="") as copy:
        reader = csv.reader(copy, delimiter=layout.delimiter, quotechar=layout.quote, doublequote=True, strict=True)
        for cells in reader:
            yield [cell or None for cell in cells]


def _line(values: Sequence[Cell]) -> str:
    """A record with each value in quotes, null as an empty one."""
    doubled = ((value or "").replace('"', '""') for value in values)
    return ",".join(f'"{value}"' for value in doubled) + "\n"
