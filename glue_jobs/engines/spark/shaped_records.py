"""Give records of CSV files the shape of a contract's rows inside Spark's tasks, by the rule of every engine."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import pyarrow as pa

from cartlake.row_shapes import Cell, RowShape

_ROWS: Final = 10_000
"""Rows of a batch at most: one record may become many."""


def shaped_records(
    batches: Iterable[pa.RecordBatch], header: Sequence[str], shape: RowShape
) -> Iterator[pa.RecordBatch]:
    """Turn batches of the header's columns, malformed text and path into batches of the shape's, text and path.

    Where the shape is one of records in order, those of a file have to follow each other.
    """
    names = [*shape.columns_of(header), "_corrupt_record", "_path"]
    rows = _rows(batches, header, shape)
    while some := list(islice(rows, _ROWS)):
        columns = [pa.array(column, pa.string()) for column in zip(*some, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, names)


def _rows(batches: Iterable[pa.RecordBatch], header: Sequence[str], shape: RowShape) -> Iterator[list[Cell]]:
    nothing: list[Cell] = [None] * len(shape.columns_of(header))
    rows, file = shape.rows(header), None
    for batch in batches:
        for *cells, corrupt, path in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if path != file:
                rows, file = shape.rows(header), path
            if corrupt is not None:
                yield [*nothing, corrupt, path]
            else:
                yield from ([*row, None, path] for row in rows(cells))
