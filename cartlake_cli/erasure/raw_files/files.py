"""Take one person's records out of a whole file of any format that the lake reads."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cartlake_cli.erasure.decoding import texts_of
from cartlake_cli.erasure.raw_files.records import Columns, Removed, TextEraser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cartlake_cli.erasure.subject import Subject

GZIP_LEVEL: Final = 6
_ARROW_SCHEMA: Final = b"ARROW:schema"
Kind = Literal["csv", "jsonl", "parquet"]


def mentions(source: BinaryIO, subject: Subject) -> bool:
    """Return whether a file mentions the person, whatever its format and compression. `source` can be sought."""
    return any(map(subject.is_mentioned_in, texts_of(source)))


def may_mention(source: BinaryIO, subject: Subject) -> bool:
    """Return whether a file mentions the person, or has escapes of JSON that only a parser reads."""
    return any(subject.is_mentioned_in(text) or b"\\u" in text for text in texts_of(source))


def rewrite(source: BinaryIO, target: BinaryIO, kind: Kind, subject: Subject, columns: Columns) -> Removed:
    """Write the file without the person's records, and return how many were taken out and how many stay.

    Text keeps every other byte, within gzip too. Parquet keeps its schema, metadata, compression and row groups.
    Raises pyarrow's ArrowException, OSError or EOFError for a damaged file. `source` can be sought.
    """
    source.seek(0)
    if kind == "parquet":
        return _rewrite_parquet(source, target, subject, columns)
    eraser = TextEraser(subject, columns)
    work = eraser.csv if kind == "csv" else eraser.json_lines
    is_gzip = source.read(2) == b"\x1f\x8b"
    source.seek(0)
    if is_gzip:
        with gzip.open(source) as inner, gzip.GzipFile("", "wb", GZIP_LEVEL, target, mtime=0) as outer:
            _copy(work(inner), outer)
    else:
        _copy(work(source), target)
    return eraser.counts


def _copy(lines: Iterable[bytes], target: BinaryIO | gzip.GzipFile) -> None:
    for line in lines:
        target.write(line)


def _rewrite_parquet(source: BinaryIO, target: BinaryIO, subject: Subject, columns: Columns) -> Removed:
    file, counts = pq.ParquetFile(source), Removed()
    schema = file.schema_arrow
    names = [name for name in schema.names if columns.is_one(name)]
    with pq.ParquetWriter(target, schema, **_layout(file)) as writer:
        for number in range(file.num_row_groups):
            rows = file.read_row_group(number)
            kept = rows.filter(pc.invert(_theirs(rows, names, subject)))
            counts.removed += rows.num_rows - kept.num_rows
            counts.kept += kept.num_rows
            if kept.num_rows:
                writer.write_table(kept, row_group_size=kept.num_rows)
    return counts


def _layout(file: pq.ParquetFile) -> dict[str, object]:
    metadata = file.metadata
    compression = metadata.row_group(0).column(0).compression if metadata.num_row_groups else "SNAPPY"
    return {
        "compression": "none" if compression == "UNCOMPRESSED" else compression.lower(),
        "version": {"1.0": "1.0", "2.4": "2.4"}.get(metadata.format_version, "2.6"),
        "store_schema": _ARROW_SCHEMA in (metadata.metadata or {}),
        # int96 is what Spark and Hive wrote for times.
        "use_deprecated_int96_timestamps": any(
            metadata.schema.column(place).physical_type == "INT96" for place in range(metadata.num_columns)
        ),
    }


def _theirs(rows: pa.Table, names: Iterable[str], subject: Subject) -> pa.ChunkedArray:
    """Return for each row whether it is the person's, by the same rule as for text."""
    eraser = _RowRule(subject)
    values = [rows.column(name).to_pylist() for name in names]
    found = [eraser.is_theirs([one[place] for one in values], rows, place) for place in range(rows.num_rows)]
    return pa.chunked_array([pa.array(found, pa.bool_())])


class _RowRule:
    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def is_theirs(self, values: list[object], rows: pa.Table, place: int) -> bool:
        texts = [str(value) for value in values if value is not None]
        if any(map(self._subject.is_named_by, texts)):
            return True
        mention = self._subject.mention
        damaged = not any(text.strip() for text in texts) or any(mention.search(text.encode()) for text in texts)
        return damaged and any(mention.search(text) for text in _row_texts(rows, place))


def _row_texts(rows: pa.Table, place: int) -> Iterator[bytes]:
    yield str(rows.slice(place, 1).to_pylist()).encode()
