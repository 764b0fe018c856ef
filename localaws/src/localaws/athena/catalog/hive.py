"""Reads external tables of plain files: CSV, JSON lines and Parquet, as a crawler or DDL created them in Glue."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Protocol

from localaws.athena.catalog import hive_texts
from localaws.athena.catalog.files import FileFormat
from localaws.athena.catalog.projection import projection_of
from localaws.athena.catalog.text_layout import TextLayout
from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.hive_types import from_hive
from localaws.athena.sql.tables import Source
from localaws.athena.trino_types import VARCHAR, TrinoType, literal, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb


_PATH = "__path"
_COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}
_JSON_NAMES = {"none": "uncompressed"}  # DuckDB's JSON reader has another name for it
_UNREAD = frozenset({"bz2", "deflate", "lz4", "lzo", "snappy"})
Columns = tuple[tuple[str, TrinoType], ...]


class StoredFiles(Protocol):
    """The part of the catalog that reading a Hive table needs: its partitions, and the files below a location."""

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The connection of this query, to read the schema of a file."""

    def partitions(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the partitions of a table, as Glue stores them."""
        ...

    def files_under(self, location: str) -> list[str]:
        """Return the URIs of the files below a location."""
        ...

    def note_scan(self, files: list[str]) -> None:
        """Remember all files that one scan reads."""
        ...


def source(tables: StoredFiles, table: dict[str, Any]) -> Source:
    """Return the table as DuckDB reads it, partition by partition. Raises UnsupportedSqlError for other formats."""
    columns = _columns(table["StorageDescriptor"].get("Columns") or [])
    keys = _columns(table.get("PartitionKeys") or [])
    parts = [
        _files(tables, table, columns, (files, compression), list(zip(keys, values, strict=True)))
        for values, listed in _partitions(tables, table, [name for name, _ in keys])
        for compression, files in _by_compression(table, listed)
    ]
    everything = columns + keys
    selects = parts or [_no_rows(everything)]
    return Source(f"({' UNION ALL '.join(selects)})", everything, (("$path", _PATH, VARCHAR),))


def columns_of(table: dict[str, Any]) -> Columns:
    """Return all columns of the table, partition keys last."""
    return _columns([*(table["StorageDescriptor"].get("Columns") or []), *(table.get("PartitionKeys") or [])])


def file_format(table: dict[str, Any]) -> FileFormat:
    """Return the format of new files of the table. Raises UnsupportedSqlError for a format that is only read."""
    serde = table["StorageDescriptor"].get("SerdeInfo") or {}
    name = _format(table)
    if name == "csv" and "OpenCSV" in (serde.get("SerializationLibrary") or ""):
        raise UnsupportedSqlError(f"Writing to {table['Name']}, a table of OpenCSVSerDe,")
    known = {"parquet": "PARQUET", "json": "JSON", "csv": "TEXTFILE"}
    return FileFormat(
        known[name], "GZIP" if name == "parquet" else "NONE", TextLayout.of(serde.get("Parameters") or {})
    )


def _columns(nodes: list[dict[str, Any]]) -> Columns:
    return tuple((node["Name"].lower(), from_hive(node.get("Type") or "string")) for node in nodes)


def _partitions(tables: StoredFiles, table: dict[str, Any], keys: list[str]) -> list[tuple[Sequence[str], list[str]]]:
    """Return the values and files of every partition; a table without partition keys is one, without values."""
    location, files_under = table["StorageDescriptor"]["Location"], tables.files_under
    if not keys:
        return [((), files_under(location))]
    projected = projection_of(table.get("Parameters") or {}, keys, location, dt.datetime.now(dt.UTC))
    if projected is not None:
        return list(projected.partitions(files_under(projected.root)).items())
    return [(p["Values"], files_under(p["StorageDescriptor"]["Location"])) for p in tables.partitions(table)]


def _by_compression(table: dict[str, Any], files: list[str]) -> list[tuple[str, list[str]]]:
    """Return the files of each compression, which the suffix of a key names as in Hive; Parquet says it inside.

    Raises UnsupportedSqlError for a compression that this engine does not read.
    """
    if _format(table) == "parquet":
        return [("", files)] if files else []
    found: dict[str, list[str]] = {}
    for file in files:
        suffix = file.rpartition(".")[2].lower()
        if suffix in _UNREAD:
            raise UnsupportedSqlError(f"Reading {file}, which is compressed as .{suffix},")
        found.setdefault(_COMPRESSIONS.get(suffix, "none"), []).append(file)
    return list(found.items())


def _no_rows(columns: Columns) -> str:
    cells = ", ".join(f"CAST(NULL AS {kind.duckdb}) AS {quote(name)}" for name, kind in columns)
    return f"SELECT {cells}, CAST(NULL AS VARCHAR) AS {_PATH} WHERE false"


def _files(
    tables: StoredFiles,
    table: dict[str, Any],
    columns: Columns,
    stored: tuple[list[str], str],
    keys: list[tuple[tuple[str, TrinoType], str]],
) -> str:
    files, compression = stored
    tables.note_scan(files)
    listing = f"[{', '.join(map(literal, files))}]"
    match _format(table):
        case "csv":
            cells, reader = hive_texts.cells_and_reader(
                table, columns, f"{listing}, compression = '{compression}'", _PATH
            )
        case "json":
            cells, reader = _json(columns, f"{listing}, compression = '{_JSON_NAMES.get(compression, compression)}'")
        case _:
            cells, reader = _parquet(tables.cursor, columns, listing)
    cells += [
        f"CAST({'NULL' if value == '__HIVE_DEFAULT_PARTITION__' else literal(value)} AS {kind.duckdb}) AS {quote(name)}"
        for (name, kind), value in keys
    ]
    return f"SELECT {', '.join(cells)}, {_PATH} FROM {reader}"


def _format(table: dict[str, Any]) -> str:
    storage = table["StorageDescriptor"]
    library = ((storage.get("SerdeInfo") or {}).get("SerializationLibrary") or "").lower()
    hint = f"{library} {(table.get('Parameters') or {}).get('classification', '')}".lower()
    for name, words in {"parquet": ("parquet",), "json": ("json",), "csv": ("csv", "lazysimple")}.items():
        if any(word in hint for word in words):
            return name
    raise UnsupportedSqlError(f"Table {table['Name']} of format {hint.strip() or 'unknown'}")


def _json(columns: Columns, listing: str) -> tuple[list[str], str]:
    names = ", ".join(f"{literal(name)}: {literal(kind.duckdb)}" for name, kind in columns)
    reader = (
        f"read_json({listing}, format = 'newline_delimited', columns = {{{names}}}, filename = '{_PATH}', "
        "hive_partitioning = false)"
    )
    return [quote(name) for name, _ in columns], reader


def _parquet(cursor: duckdb.DuckDBPyConnection, columns: Columns, listing: str) -> tuple[list[str], str]:
    reader = f"read_parquet({listing}, union_by_name = true, filename = '{_PATH}', hive_partitioning = false)"
    # By name, as Athena reads Parquet: a file may lack columns that were added later.
    present = {
        name.lower(): (name, kind) for name, kind, *_ in cursor.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
    }
    return [_parquet_cell(name, kind, present.get(name)) for name, kind in columns], reader


def _parquet_cell(name: str, kind: TrinoType, stored: tuple[str, str] | None) -> str:
    if stored is None:
        return f"CAST(NULL AS {kind.duckdb}) AS {quote(name)}"
    if stored[1] == "TIMESTAMP WITH TIME ZONE" and kind.name == "timestamp":
        return f"({quote(stored[0])} AT TIME ZONE 'UTC') AS {quote(name)}"
    return f"CAST({quote(stored[0])} AS {kind.duckdb}) AS {quote(name)}"
