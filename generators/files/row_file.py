"""One generated file, written a chunk of rows at a time."""

import gzip
import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq

from generators.files.dirty_rows import NONE_DIRTY, DirtyRows
from generators.files.formats import CsvSink, Format, JsonSink, ParquetSink, Sink
from generators.manifests.models import GeneratedFile, Role

GZIP_LEVEL: Final = 4  # a third of the time of the usual 9, for a tenth more bytes


@dataclass(frozen=True)
class FileType:
    """A format, and whether the file is compressed with gzip. Raises ValueError for Parquet with gzip."""

    format: Format
    compressed: bool

    def __post_init__(self) -> None:
        if self.compressed and self.format == "parquet":
            raise ValueError("Parquet compresses itself: gzip is for csv and jsonl")

    def name(self, stem: str) -> str:
        """The file name with the ending of the format and of the compression."""
        return f"{stem}.{self.format}{'.gz' if self.compressed else ''}"


class RowFile:
    """A file that is open for writing. `name` is relative to `directory`, which must exist, as must its folder.

    Use it with `contextlib.closing`, then ask for its `entry` in the manifest.
    """

    def __init__(self, directory: Path, stem: str, schema: pa.Schema, file_type: FileType) -> None:
        self.name = file_type.name(stem)
        self.path = directory / self.name
        self.rows = 0
        self.dirty_rows = 0
        self._schema = schema
        self._open = ExitStack()
        self._sink = self._opened(file_type)

    def _opened(self, file_type: FileType) -> Sink:
        if file_type.format == "parquet":
            return ParquetSink(self._open.enter_context(pq.ParquetWriter(self.path, self._schema)))
        file: IO[bytes] = self._open.enter_context(self.path.open("wb"))
        if file_type.compressed:
            # No name and no time in the header: the same rows give the same bytes.
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0)
            file = cast("IO[bytes]", self._open.enter_context(packed))
        if file_type.format == "jsonl":
            return JsonSink(file)
        file.write((",".join(self._schema.names) + "\n").encode())
        return CsvSink(file)

    def write(self, rows: pa.Table, dirty: DirtyRows = NONE_DIRTY) -> None:
        """Append rows of the file's schema, with dirty rows in place of some or between them."""
        self._sink.write(rows, dirty)
        self.rows += dirty.total(len(rows))
        self.dirty_rows += len(dirty.records)

    def close(self) -> None:
        self._open.close()

    def entry(self, role: Role) -> GeneratedFile:
        """What the manifest says about the file. Call it once the file is closed."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return GeneratedFile(
            name=self.name,
            role=role,
            rows=self.rows,
            clean_rows=self.rows - self.dirty_rows,
            dirty_rows=self.dirty_rows,
            size=self.path.stat().st_size,
            sha256=digest,
        )
