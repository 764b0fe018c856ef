"""Expand gzip files with zero bytes behind their members inside Spark's tasks: Hadoop's reader fails at them."""

import codecs
import gzip
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import pyarrow as pa

_LINES: Final = 10_000
"""Lines of a batch."""


def expanded_lines(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Turn batches of `path`, `start` and `content` into batches of `path`, `start` and each line, in order."""
    for batch in batches:
        names = ["_path", "_start", "value"]
        for path, start, content in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            lines = _lines(content)
            while values := list(islice(lines, _LINES)):
                columns = [
                    pa.array([path] * len(values)),
                    pa.array([start] * len(values), pa.int64()),
                    pa.array(values),
                ]
                yield pa.RecordBatch.from_arrays(columns, names)


def _lines(content: bytes) -> Iterator[str]:
    """Yield the lines without their line feeds, and without a byte order mark."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as text:
        for number, line in enumerate(text):
            yield (line if number else line.removeprefix(codecs.BOM_UTF8)).removesuffix(b"\n").decode()
