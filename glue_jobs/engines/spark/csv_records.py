"""Split lines of CSV files into records inside Spark's tasks, by the rule that every engine applies."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

import pyarrow as pa

from cartlake.csv_records import CsvLayout, Records, RecordSplitter

_BLANK: Final = bytes(range(0x21))


def split_batches(batches: Iterable[pa.RecordBatch], layout: CsvLayout) -> Iterator[pa.RecordBatch]:
    """Turn batches of `path` and `line`, all lines of a file in order, into rows: fields, malformed text, path.

    It keeps one batch, and the lines of one record.
    """
    split = _Files(layout)
    for batch in batches:
        paths, lines = (column.to_pylist() for column in batch.columns)
        yield split.table(split.rows(zip(paths, lines, strict=True)))
    yield split.table(split.finish())


class _Files:
    def __init__(self, layout: CsvLayout) -> None:
        self._layout = layout
        self._path = ""
        self._headed = False
        self._splitter = RecordSplitter(layout)

    def rows(self, lines: Iterable[tuple[str, str]]) -> Iterator[list[str | None]]:
        for path, group in groupby(lines, key=itemgetter(0)):
            if path != self._path:
                yield from self.finish()
                self._path, self._headed, self._splitter = path, False, RecordSplitter(self._layout)
            mine = self._without_header(line.encode() for _, line in group)
            yield from self._rows(self._splitter.feed(mine))

    def finish(self) -> Iterator[list[str | None]]:
        yield from self._rows(self._splitter.finish())

    def table(self, rows: Iterable[list[str | None]]) -> pa.RecordBatch:
        width = self._layout.columns + 2
        columns = list(zip(*rows, strict=True)) or [()] * width
        arrays = [pa.array(values, pa.string()) for values in columns]
        return pa.RecordBatch.from_arrays(arrays, [str(number) for number in range(width)])

    def _without_header(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            if self._headed:
                yield line
            self._headed = self._headed or bool(line.strip(_BLANK))

    def _rows(self, found: Records) -> Iterator[list[str | None]]:
        yield from ([*self._layout.values(record), None, self._path] for record in found.good)
        nothing: list[str | None] = [None] * self._layout.columns
        yield from ([*nothing, text.decode(), self._path] for text in found.malformed)
