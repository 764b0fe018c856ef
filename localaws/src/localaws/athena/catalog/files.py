"""Writes plain files to S3, for CREATE TABLE AS, UNLOAD and INSERT into a table of plain files."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from localaws.athena.catalog.text_layout import TextLayout
from localaws.athena.clients import in_s3
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.trino_types import TrinoType, literal, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from localaws.athena.clients import Clients

Columns = list[tuple[str, TrinoType]]
MAX_PARTITIONS = 100  # https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
# Characters that Hive escapes in the names of folders.
_ESCAPED = frozenset({*map(chr, range(1, 0x20)), *"\"#%'*/:=?\\{[]^", "\x7f"})
NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"

_TEXT = "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquet"
SERDES: dict[str, tuple[str, str, str]] = {
    "PARQUET": (
        f"{_PARQUET}InputFormat", f"{_PARQUET}OutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "JSON": (*_TEXT, "org.openx.data.jsonserde.JsonSerDe"),
    "TEXTFILE": (*_TEXT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
}  # fmt: skip
_CODECS = {"NONE": "uncompressed", "SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd", "LZ4": "lz4"}
_TEXT_CODECS = frozenset({"uncompressed", "gzip", "zstd"})
_LAYOUT = TextLayout()
_SUFFIXES = {"gzip": ".gz", "zstd": ".zst"}


@dataclass(frozen=True)
class FileFormat:
    """PARQUET, JSON (an object a line) or TEXTFILE (values between delimiters; no quotes, no header)."""

    name: str
    compression: str = "GZIP"
    layout: TextLayout = _LAYOUT

    def __post_init__(self) -> None:
        if self.name not in SERDES:
            raise UnsupportedSqlError(f"Writing files of format {self.name}")
        codec = _CODECS.get(self.compression.upper())
        if codec is None or (self.name != "PARQUET" and codec not in _TEXT_CODECS):
            raise UnsupportedSqlError(f"Compression {self.compression} of {self.name} files")

    @property
    def _codec(self) -> str:
        return _CODECS[self.compression.upper()]

    @property
    def suffix(self) -> str:
        """The suffix of a file's name, by which readers recognize its compression."""
        if self.name == "PARQUET":
            return ".parquet"
        return {"JSON": ".json", "TEXTFILE": ".txt"}[self.name] + _SUFFIXES.get(self._codec, "")

    @property
    def copy_options(self) -> str:
        """The options of DuckDB's COPY for it."""
        match self.name:
            case "PARQUET":
                return f"FORMAT parquet, COMPRESSION {self._codec}"
            case "JSON":
                return f"FORMAT json, COMPRESSION {self._codec}"
        delimiter, null = literal(self.layout.delimiter(0)), literal(self.layout.null)
        text = f"HEADER false, DELIMITER {delimiter}, QUOTE '', ESCAPE '', NULLSTR {null}"
        return f"FORMAT csv, {text}, COMPRESSION {self._codec}"

    @property
    def storage(self) -> dict[str, Any]:
        """The members of a Glue StorageDescriptor that describe such files."""
        reader, writer, serde = SERDES[self.name]
        parameters = {"field.delim": self.layout.delimiter(0)} if self.name == "TEXTFILE" else {}
        info = {"SerializationLibrary": serde, "Parameters": {"serialization.format": "1", **parameters}}
        return {"InputFormat": reader, "OutputFormat": writer, "SerdeInfo": info}


@dataclass(frozen=True)
class Destination:
    """A folder of S3, the format of the files, and the partition columns (the last columns, in order)."""

    folder: str
    form: FileFormat
    keys: Sequence[str] = ()


@dataclass
class WrittenFiles:
    """How many rows were written, the URIs of the files, and the folder of each partition by its values."""

    rows: int
    files: list[str] = field(default_factory=list)
    partitions: dict[tuple[str, ...], str] = field(default_factory=dict)


def write(cursor: duckdb.DuckDBPyConnection, query: str, columns: Columns, destination: Destination) -> WrittenFiles:
    """Write the rows of a query to files, one for each partition. Returns what was written.

    Raises AthenaError for a folder outside S3, and for more than 100 partitions.
    """
    folder, form, keys = in_s3(destination.folder.rstrip("/")), destination.form, destination.keys
    names = [name for name, _ in columns]
    if names[len(names) - len(keys) :] != list(keys):
        raise AthenaError(
            "HIVE_COLUMN_ORDER_MISMATCH", f"Partition keys must be the last columns in the table: {', '.join(keys)}"
        )
    kept = [(name, kind) for name, kind in columns if name not in keys]
    cells = ", ".join(f"{_cell(quote(name), kind, form)} AS {quote(name)}" for name, kind in kept)
    if not keys:
        file = f"{folder}/part-{uuid.uuid4().hex}{form.suffix}"
        rows = _copy(cursor, f"SELECT {cells} FROM ({query})", file, form)
        return WrittenFiles(rows, [file] if rows else [])  # no rows, no file
    # The query runs once: it may be expensive, or random.
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE rows_to_write AS {query}")
    texts = ", ".join(f"CAST({quote(key)} AS VARCHAR)" for key in keys)
    values = cursor.execute(f"SELECT DISTINCT {texts} FROM rows_to_write ORDER BY ALL").fetchall()
    if len(values) > MAX_PARTITIONS:
        raise AthenaError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets"
        )
    written = WrittenFiles(0)
    for partition in values:
        named = tuple(NULL_FOLDER if value is None else str(value) for value in partition)
        path = partition_path(keys, named)
        file = f"{folder}/{path}/part-{uuid.uuid4().hex}{form.suffix}"
        here = " AND ".join(
            f"CAST({quote(key)} AS VARCHAR) IS NOT DISTINCT FROM {'NULL' if value is None else literal(str(value))}"
            for key, value in zip(keys, partition, strict=True)
        )
        written.rows += _copy(cursor, f"SELECT {cells} FROM rows_to_write WHERE {here}", file, form)
        written.files.append(file)
        written.partitions[named] = f"{folder}/{path}/"
    return written


def partition_path(keys: Sequence[str], values: Sequence[str]) -> str:
    """Return the folder of a partition below its table, `day=2024-01-01/name=a%2Fb`, with Hive's escapes."""
    return "/".join(f"{_escaped(key)}={_escaped(value)}" for key, value in zip(keys, values, strict=True))


def partition_values(folders: Sequence[str]) -> list[tuple[str, str]]:
    """Return the keys and values of the folders of a partition."""
    pairs = (folder.partition("=") for folder in folders)
    return [(unquote(key), unquote(value)) for key, _, value in pairs]


def _escaped(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" if letter in _ESCAPED else letter for letter in text)


def register(clients: Clients, entry: dict[str, Any], written: WrittenFiles) -> None:
    """Create in Glue the partitions that a table of plain files does not have yet."""
    pages = clients.glue.get_paginator("get_partitions").paginate(
        DatabaseName=entry["DatabaseName"], TableName=entry["Name"]
    )
    known = {tuple(partition["Values"]) for page in pages for partition in page["Partitions"]}
    for values, folder in written.partitions.items():
        if values not in known:
            storage = {**entry["StorageDescriptor"], "Location": folder}
            partition: Any = {"Values": list(values), "StorageDescriptor": storage, "Parameters": {}}
            clients.glue.create_partition(
                DatabaseName=entry["DatabaseName"], TableName=entry["Name"], PartitionInput=partition
            )


def _copy(cursor: duckdb.DuckDBPyConnection, query: str, file: str, form: FileFormat) -> int:
    found = cursor.execute(
        f"COPY ({query}) TO {literal(file)} ({form.copy_options}, WRITE_EMPTY_FILE false)"
    ).fetchone()
    return int(found[0]) if found else 0


def _cell(sql: str, kind: TrinoType, form: FileFormat) -> str:
    if kind.name == "timestamp with time zone":
        raise UnsupportedSqlError("Writing timestamp with time zone to a Hive table (cast it to timestamp)")
    if kind.name in {"json", "interval day to second", "interval year to month"}:
        raise UnsupportedSqlError(f"Writing {kind} to a Hive table")
    if form.name == "TEXTFILE":
        return form.layout.text_of(sql, kind)
    if form.name != "PARQUET" and kind.name == "timestamp":
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')"
    return f"CAST({sql} AS {kind.duckdb})"
