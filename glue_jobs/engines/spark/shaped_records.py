"""Give records of CSV files the shape of a contract's rows inside Spark's tasks, by the rule of every engine."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from cartlake.row_shapes import RowShape


def shaped_records(
    batches: Iterable[pa.RecordBatch], header: Sequence[str], shape: RowShape
) -> Iterator[pa.RecordBatch]:
    """Turn batches of the header's columns, malformed text and path into batches of the shape's, text and path."""
    names, values = shape.columns_of(header), shape.record(header)
    for batch in batches:
        *cells, corrupt, path = (column.to_pylist() for column in batch.columns)
        rows = [values(record) for record in zip(*cells, strict=True)]
        columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(names))]
        texts = [pa.array(column, pa.string()) for column in (corrupt, path)]
        yield pa.RecordBatch.from_arrays([*columns, *texts], [*names, "_corrupt_record", "_path"])
