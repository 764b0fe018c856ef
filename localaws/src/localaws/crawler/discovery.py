"""Finds which folders are tables, their partitions and their columns. Nothing here calls AWS."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CLASSIFICATIONS = {"csv": "csv", "tsv": "csv", "json": "json", "jsonl": "json", "ndjson": "json", "parquet": "parquet"}
DELIMITERS = ",;\t|"
SAMPLE_ROWS = 1000
INTEGER = re.compile(r"[+-]?\d{1,18}")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
JSON_TYPES = {type(None): "", bool: "boolean", int: "bigint", float: "double", str: "string"}


@dataclass
class FoundTable:
    """One folder of files of one format. `folder` is the key prefix with its last slash; `keys` are the files in it."""

    name: str
    folder: str
    classification: str
    keys: list[str] = field(default_factory=list)

    @property
    def compressed(self) -> bool:
        """Whether the files are gzip files, by the name of the first."""
        return self.keys[0].endswith(".gz")

    @property
    def partition_keys(self) -> list[str]:
        """Names of the folder levels below the table; none when the files are at different depths."""
        paths = [self._path(key) for key in self.keys]
        if len({len(path) for path in paths}) != 1:
            return []
        columns = [
            {part.partition("=")[0] if "=" in part else f"partition_{level}" for part in parts}
            for level, parts in enumerate(zip(*paths, strict=True))
        ]
        return [next(iter(names)) if len(names) == 1 else f"partition_{level}" for level, names in enumerate(columns)]

    @property
    def partitions(self) -> dict[tuple[str, ...], str]:
        """The key prefix of each partition, by its values."""
        if not self.partition_keys:
            return {}
        found = {}
        for key in self.keys:
            path = self._path(key)
            found[tuple(part.rpartition("=")[2] for part in path)] = self.folder + "/".join(path) + "/"
        return found

    def _path(self, key: str) -> list[str]:
        return key[len(self.folder) :].split("/")[:-1]


def classify(key: str) -> str | None:
    """Return the classification of a file by its name: csv, json or parquet; None for any other."""
    parts = key.lower().removesuffix(".gz").rsplit(".", 1)
    return CLASSIFICATIONS.get(parts[-1]) if len(parts) > 1 else None


def find_tables(keys: Iterable[str], prefix: str, level: int | None, table_prefix: str = "") -> list[FoundTable]:
    """Group files into tables.

    `level` is Glue's TableLevelConfiguration: the bucket is level 1, each folder one more; without it each folder
    directly below `prefix` is a table. In a folder of several formats the table of the commonest has the folder's name.
    """
    depth = level - 1 if level else prefix.strip("/").count("/") + 2 if prefix.strip("/") else 1
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in keys:
        parts, classification = key.split("/"), classify(key)
        hidden = any(part.startswith(("_", ".")) for part in parts)
        if classification and not hidden and len(parts) > depth:
            groups["/".join(parts[:depth]) + "/", classification].append(key)
    tables, taken = [], set()
    for (folder, classification), members in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        name = table_prefix + re.sub(r"[^a-z0-9_]", "_", folder.strip("/").rsplit("/", 1)[-1].lower())
        if name in taken:
            name = f"{name}_{classification}"
        taken.add(name)
        tables.append(FoundTable(name, folder, classification, sorted(members)))
    return tables


def decompressed(head: bytes) -> bytes:
    """Return the beginning of a file, decompressed if it is gzip; nothing of a gzip file that is damaged."""
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head)
    except (zlib.error, gzip.BadGzipFile):
        return b""


def delimiter_of(head: bytes) -> str:
    """Return the delimiter of a CSV: the comma, semicolon, tab or bar that occurs most in its first line."""
    line = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(DELIMITERS, key=line.count)


def csv_columns(head: bytes) -> dict[str, str]:
    """Return the Glue type of each column of a CSV, by its header and first 1,000 rows."""
    lines = _csv_lines(head)
    header = next(lines, [])
    rows = [row for row in islice(lines, SAMPLE_ROWS) if len(row) == len(header)]
    return {
        name.strip().lower(): text_type([row[index] for row in rows])
        for index, name in enumerate(header)
        if name.strip()
    }


def _csv_lines(head: bytes) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(head.decode("utf-8-sig", "replace")), delimiter=delimiter_of(head))
    except csv.Error:  # a quote that is not closed, or a text of more than 128 KiB: only the lines before it are read
        return


def text_type(values: Sequence[str]) -> str:
    """Return the narrowest Glue type that holds all the texts: bigint, double or string. Empty texts are nulls."""
    present = [value for value in values if value]
    if present and all(INTEGER.fullmatch(value) for value in present):
        return "bigint"
    if present and all(NUMBER.fullmatch(value) for value in present):
        return "double"
    return "string"


def json_columns(head: bytes) -> dict[str, str]:
    """Return the Glue type of each member of JSON lines, by the first 1,000 lines."""
    columns: dict[str, str] = {}
    for line in head.splitlines()[:SAMPLE_ROWS]:
        try:
            record = json.loads(line)
        except ValueError:  # the last line may be incomplete
            continue
        if isinstance(record, dict):
            columns = merge(columns, {name.lower(): json_type(value) for name, value in record.items()})
    return {name: kind or "string" for name, kind in columns.items()}


def json_type(value: Any) -> str:
    """Return the Glue type of one JSON value; an empty text for null, which has every type."""
    if isinstance(value, list):
        return f"array<{(json_type(value[0]) if value else '') or 'string'}>"
    if isinstance(value, dict):
        members = ",".join(f"{name}:{json_type(item) or 'string'}" for name, item in value.items())
        return f"struct<{members}>"
    return JSON_TYPES[type(value)]


def merge(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """Return the columns of both; where types differ the wider, which is string for all but numbers."""
    merged = dict(first)
    for name, kind in second.items():
        known = merged.get(name, "")
        if not known or known == kind or not kind:
            merged[name] = known or kind
        else:
            merged[name] = "double" if {known, kind} == {"bigint", "double"} else "string"
    return merged


def parquet_columns(schema: Any) -> dict[str, str]:
    """Return the Glue type of each column of a `pyarrow.Schema`."""
    return {item.name.lower(): arrow_type(item.type) for item in schema}


def arrow_type(kind: Any) -> str:
    """Return the Glue type of a pyarrow type."""
    from pyarrow import types  # noqa: PLC0415 -- 60 MB that a server without Parquet never needs

    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if types.is_timestamp(kind):
        return "timestamp"
    if types.is_list(kind) or types.is_large_list(kind):
        return f"array<{arrow_type(kind.value_type)}>"
    if types.is_struct(kind):
        return f"struct<{','.join(f'{item.name}:{arrow_type(item.type)}' for item in kind)}>"
    names = {
        "bool": "boolean",
        "int8": "tinyint",
        "int16": "smallint",
        "int32": "int",
        "int64": "bigint",
        "float": "float",
        "double": "double",
        "date32[day]": "date",
        "binary": "binary",
    }
    return names.get(str(kind), "string")
