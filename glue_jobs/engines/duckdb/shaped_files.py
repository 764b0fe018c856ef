"""Copies of CSV files whose records were given the shape of a contract's rows, by Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cartlake.csv_records import CsvLayout
from glue_jobs.engines.duckdb.raw_files import SHAPED, read_csv_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cartlake.contracts import Contract
    from cartlake.row_shapes import Cell, RowShape
    from glue_jobs.engines.duckdb.session import Session

_ROWS: Final = 2000
"""Records that are in memory at once."""


def shaped_copy(session: Session, path: Path, header: Sequence[str], layout: CsvLayout, shape: RowShape) -> Path:
    """Return a file with the records of another copy, which is in `layout`, as `shape` has them."""
    target, values = path.with_suffix(".shaped"), shape.record(header)
    with target.open("w", encoding="utf-8", newline="") as copy:
        copy.writelines(_line(values(cells)) for cells in _records(session, path, header, layout))
    return target


def shaped_layout(shape: RowShape, header: Sequence[str], contract: Contract) -> CsvLayout:
    """How `shaped_copy` writes records."""
    return CsvLayout(len(shape.columns_of(header)), ",", '"', SHAPED * contract.max_line_bytes)


def _records(session: Session, path: Path, header: Sequence[str], layout: CsvLayout) -> Iterator[Sequence[Cell]]:
    columns = ", ".join(f"c{place}" for place in range(len(header)))
    source = read_csv_sql([path], [f"c{place}" for place in range(len(header))], layout)
    found = session.connection.cursor().execute(f"select {columns} from {source}")  # noqa: S608 - names made here
    while rows := found.fetchmany(_ROWS):
        yield from rows


def _line(values: Sequence[Cell]) -> str:
    """A record with each value in quotes, null as an empty one."""
    doubled = ((value or "").replace('"', '""') for value in values)
    return ",".join(f'"{value}"' for value in doubled) + "\n"
