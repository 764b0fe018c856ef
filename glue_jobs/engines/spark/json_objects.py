"""Cut lines of JSON where objects meet, inside Spark's tasks, by the rule that every engine applies."""

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

from cartlake.json_objects import objects_of
from cartlake.row_shapes import RowShape

_BATCH_BYTES: Final = 16 * 1024**2


def cut_batches(
    batches: Iterable[pa.RecordBatch], most_bytes: int, shape: RowShape | None = None
) -> Iterator[pa.RecordBatch]:
    """Turn batches of `path` and `line` into batches of the same columns with one object, or what is none, a row.

    Objects that are rows of a shape are written by it.
    """
    for batch in batches:
        paths: list[str] = []
        texts: list[bytes] = []
        size = 0
        for path, line in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            for text in objects_of(line.encode(), most_bytes):
                paths.append(path)
                texts.append(shape.line(text) if shape else text)
                size += len(text)
            if size > _BATCH_BYTES:
                yield _batch(batch.schema, paths, texts)
                paths, texts, size = [], [], 0
        yield _batch(batch.schema, paths, texts)


def _batch(schema: pa.Schema, paths: list[str], texts: list[bytes]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array(paths, pa.string()), pa.array(map(bytes.decode, texts), pa.string())], schema.names
    )
