"""Reads Iceberg tables by their metadata file: schema, snapshots, references."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.tables import Source
from localaws.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    MICROS,
    REAL,
    VARBINARY,
    VARCHAR,
    TrinoType,
    array,
    decimal,
    literal,
    map_of,
    quote,
    row,
)

if TYPE_CHECKING:
    from localaws.athena.clients import Clients

NEWEST_FORMAT = 2  # DuckDB's reader of v3 deletion vectors is too new to be relied on
_NEXT_STEP = "Restore the object, or point the table to its last intact metadata file."
FILE, ROW_NUMBER = "filename", "file_row_number"


@dataclass(frozen=True)
class IcebergTable:
    """One version of a table's metadata file."""

    name: str  # database.table
    location: str
    metadata: dict[str, Any]

    @property
    def snapshots(self) -> list[dict[str, Any]]:
        """All snapshots, as the metadata file has them."""
        found: list[dict[str, Any]] = self.metadata.get("snapshots") or []
        return found

    @property
    def current_snapshot(self) -> int | None:
        """The id of the current snapshot, None for a table that was never written."""
        snapshot = self.metadata.get("current-snapshot-id", -1)
        return None if snapshot in {None, -1} else int(snapshot)

    def columns(self, snapshot: int | None = None) -> tuple[tuple[str, TrinoType], ...]:
        """Return the columns of the current schema, or of that of a snapshot. Raises AthenaError if it is missing."""
        wanted = self.metadata["current-schema-id"]
        if snapshot is not None:
            wanted = self._snapshot(snapshot).get("schema-id", wanted)
        schema = next(s for s in self.metadata["schemas"] if s["schema-id"] == wanted)
        return tuple((field["name"], from_iceberg(field["type"])) for field in schema["fields"])

    def _snapshot(self, snapshot: int) -> dict[str, Any]:
        for candidate in self.snapshots:
            if candidate["snapshot-id"] == snapshot:
                return candidate
        raise AthenaError("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exists: {snapshot}")

    def snapshot_at(self, epoch_millis: int) -> int:
        """Return the id of the snapshot that was current at an instant. Raises AthenaError when there was none."""
        log = [e for e in self.metadata.get("snapshot-log") or [] if e["timestamp-ms"] <= epoch_millis]
        if not log:
            raise AthenaError("INVALID_ARGUMENTS", f"No version history table {self.name} at or before {epoch_millis}")
        return int(max(log, key=lambda entry: entry["timestamp-ms"])["snapshot-id"])

    def snapshot_of(self, reference: str) -> int:
        """Return the id of the snapshot of a branch or tag. Raises AthenaError when there is no such reference."""
        found = (self.metadata.get("refs") or {}).get(reference)
        if found is None:
            raise AthenaError("INVALID_ARGUMENTS", f"Cannot find snapshot with reference name: {reference}")
        return int(found["snapshot-id"])

    def source(self, snapshot: int | None = None, *, row_addresses: bool = False) -> Source:
        """Return the table as DuckDB reads it, at the current or another snapshot.

        `row_addresses` adds the columns FILE and ROW_NUMBER: each row's file and its position in the file.
        Raises AthenaError for an unknown snapshot, UnsupportedSqlError for Iceberg format v3.
        """
        if self.metadata["format-version"] > NEWEST_FORMAT:
            raise UnsupportedSqlError(f"Iceberg format v{self.metadata['format-version']} ({self.name})")
        columns = self.columns(snapshot)
        addresses = f", {FILE}, {ROW_NUMBER}" if row_addresses else ""
        if snapshot is None and self.current_snapshot is None:
            addresses = f", CAST(NULL AS VARCHAR) AS {FILE}, CAST(NULL AS BIGINT) AS {ROW_NUMBER}"
            return Source(f"({_no_rows(columns)}{addresses} WHERE false)", columns, _PATH)
        if snapshot is not None:
            self._snapshot(snapshot)
        option = f", snapshot_from_id = {snapshot}" if snapshot is not None else ""
        scan = f"iceberg_scan({literal(self.location)}{option})"
        return Source(f"(SELECT *{addresses} FROM {scan})" if row_addresses else scan, columns, _PATH)


_PATH = (("$path", FILE, VARCHAR),)


def _no_rows(columns: tuple[tuple[str, TrinoType], ...]) -> str:
    return "SELECT " + ", ".join(f"CAST(NULL AS {kind.duckdb}) AS {quote(name)}" for name, kind in columns)


def load(clients: Clients, name: str, location: str | None) -> IcebergTable:
    """Return a table by its metadata file. Raises AthenaError when Glue names none, or it is missing or incomplete."""
    if not location:
        raise AthenaError("ICEBERG_MISSING_METADATA", f"Glue names no metadata file for table {name}. {_NEXT_STEP}")
    try:
        return IcebergTable(name, location, json.loads(clients.read(location)))
    except clients.s3.exceptions.NoSuchKey as error:
        message = f"Metadata not found in metadata location for table {name}: {location}. {_NEXT_STEP}"
        raise AthenaError("ICEBERG_MISSING_METADATA", message) from error
    except clients.s3.exceptions.ClientError as error:
        message = f"Error opening Iceberg metadata {location} of table {name}: {error}"
        raise AthenaError("ICEBERG_INVALID_METADATA", message) from error
    except ValueError as error:
        message = f"Invalid metadata file for table {name}: {location} is not whole. {_NEXT_STEP}"
        raise AthenaError("ICEBERG_INVALID_METADATA", message) from error


_ICEBERG_SCALARS = {
    "boolean": BOOLEAN, "int": INTEGER, "long": BIGINT, "float": REAL, "double": DOUBLE, "string": VARCHAR,
    "binary": VARBINARY, "uuid": TrinoType("uuid"), "date": DATE, "time": TrinoType("time", MICROS),
    "timestamp": TrinoType("timestamp", MICROS), "timestamptz": TrinoType("timestamp with time zone", MICROS),
}  # fmt: skip


def from_iceberg(node: Any) -> TrinoType:
    """Return the Trino type of a type in Iceberg metadata (JSON). Raises UnsupportedSqlError for an unknown one."""
    if isinstance(node, dict):
        match node["type"]:
            case "list":
                return array(from_iceberg(node["element"]))
            case "map":
                return map_of(from_iceberg(node["key"]), from_iceberg(node["value"]))
            case "struct":
                return row(*((f["name"], from_iceberg(f["type"])) for f in node["fields"]))
    numbers = re.fullmatch(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)", str(node))
    if numbers:
        return decimal(int(numbers[1]), int(numbers[2]))
    if str(node).startswith("fixed"):
        return VARBINARY
    if node not in _ICEBERG_SCALARS:
        raise UnsupportedSqlError(f"Iceberg type {node}")
    return _ICEBERG_SCALARS[node]
