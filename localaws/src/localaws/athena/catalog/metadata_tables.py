"""Iceberg's metadata tables, such as `table$snapshots`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from localaws.athena.errors import AthenaError
from localaws.athena.trino_types import BIGINT, BOOLEAN, INTEGER, VARCHAR, TrinoType, array, map_of, row

if TYPE_CHECKING:
    from localaws.athena.catalog.iceberg import IcebergTable
    from localaws.athena.clients import Clients

Columns = tuple[tuple[str, TrinoType], ...]
_INSTANT = TrinoType("timestamp with time zone", 3)
_SNAPSHOTS: Columns = (
    ("committed_at", _INSTANT), ("snapshot_id", BIGINT), ("parent_id", BIGINT), ("operation", VARCHAR),
    ("manifest_list", VARCHAR), ("summary", map_of(VARCHAR, VARCHAR)),
)  # fmt: skip
_HISTORY: Columns = (
    ("made_current_at", _INSTANT), ("snapshot_id", BIGINT), ("parent_id", BIGINT), ("is_current_ancestor", BOOLEAN),
)  # fmt: skip
_REFS: Columns = (
    ("name", VARCHAR), ("type", VARCHAR), ("snapshot_id", BIGINT), ("max_reference_age_in_ms", BIGINT),
    ("min_snapshots_to_keep", INTEGER), ("max_snapshot_age_in_ms", BIGINT),
)  # fmt: skip
_FILES: Columns = (
    ("content", INTEGER), ("file_path", VARCHAR), ("file_format", VARCHAR), ("spec_id", INTEGER),
    ("record_count", BIGINT), ("file_size_in_bytes", BIGINT), ("column_sizes", map_of(INTEGER, BIGINT)),
    ("value_counts", map_of(INTEGER, BIGINT)), ("null_value_counts", map_of(INTEGER, BIGINT)),
    ("split_offsets", array(BIGINT)), ("equality_ids", array(INTEGER)),
)  # fmt: skip
_MANIFESTS: Columns = (
    ("path", VARCHAR), ("length", BIGINT), ("partition_spec_id", INTEGER), ("added_snapshot_id", BIGINT),
    ("added_data_files_count", INTEGER), ("existing_data_files_count", INTEGER), ("deleted_data_files_count", INTEGER),
)  # fmt: skip
_PARTITIONS: Columns = (("record_count", BIGINT), ("file_count", BIGINT), ("total_size", BIGINT))
NAMES = ("snapshots", "history", "refs", "files", "manifests", "partitions")


def rows(clients: Clients, table: IcebergTable, name: str) -> tuple[Columns, pa.Table]:
    """Return the columns and rows of one metadata table. Raises AthenaError for a name that Athena does not have."""
    match name:
        case "snapshots":
            return _SNAPSHOTS, _arrow(_SNAPSHOTS, _snapshots(table))
        case "history":
            return _HISTORY, _arrow(_HISTORY, _history(table))
        case "refs":
            return _REFS, _arrow(_REFS, _refs(table))
        case "files" | "manifests" | "partitions":
            return _inspected(clients, table, name)
    raise AthenaError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{table.name}${name}' does not exist")


def _arrow(columns: Columns, lines: list[dict[str, Any]]) -> pa.Table:
    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in columns])
    return pa.Table.from_pylist(lines, schema=schema)


def _arrow_type(kind: TrinoType) -> pa.DataType:
    match kind.name:
        case "array":
            return pa.list_(_arrow_type(kind.element))
        case "map":
            return pa.map_(_arrow_type(kind.args[0]), _arrow_type(kind.args[1]))
        case "timestamp with time zone":
            return pa.timestamp("us", "UTC")
    return {"integer": pa.int32(), "bigint": pa.int64(), "varchar": pa.string(), "boolean": pa.bool_()}[kind.name]


def _instant(millis: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(millis / 1000, tz=dt.UTC)


def _snapshots(table: IcebergTable) -> list[dict[str, Any]]:
    return [
        {
            "committed_at": _instant(snapshot["timestamp-ms"]),
            "snapshot_id": snapshot["snapshot-id"],
            "parent_id": snapshot.get("parent-snapshot-id"),
            "operation": snapshot.get("summary", {}).get("operation"),
            "manifest_list": snapshot.get("manifest-list"),
            "summary": [(k, v) for k, v in snapshot.get("summary", {}).items() if k != "operation"],
        }
        for snapshot in table.snapshots
    ]


def _history(table: IcebergTable) -> list[dict[str, Any]]:
    parents = {s["snapshot-id"]: s.get("parent-snapshot-id") for s in table.snapshots}
    ancestors, current = set(), table.current_snapshot
    while current is not None and current not in ancestors:  # broken metadata may have a cycle
        ancestors.add(current)
        current = parents.get(current)
    return [
        {
            "made_current_at": _instant(entry["timestamp-ms"]),
            "snapshot_id": entry["snapshot-id"],
            "parent_id": parents.get(entry["snapshot-id"]),
            "is_current_ancestor": entry["snapshot-id"] in ancestors,
        }
        for entry in table.metadata.get("snapshot-log") or []
    ]


def _refs(table: IcebergTable) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "type": ref["type"].upper(),
            "snapshot_id": ref["snapshot-id"],
            "max_reference_age_in_ms": ref.get("max-ref-age-ms"),
            "min_snapshots_to_keep": ref.get("min-snapshots-to-keep"),
            "max_snapshot_age_in_ms": ref.get("max-snapshot-age-ms"),
        }
        for name, ref in (table.metadata.get("refs") or {}).items()
    ]


def _inspected(clients: Clients, table: IcebergTable, name: str) -> tuple[Columns, pa.Table]:
    """Return the metadata tables that need the manifests, which pyiceberg reads."""
    from pyiceberg.table import StaticTable  # noqa: PLC0415 -- a second to import, rarely needed

    catalog = clients.iceberg
    inspect = StaticTable.from_metadata(table.location, dict(catalog.properties)).inspect
    if table.current_snapshot is None:
        columns = {"files": _FILES, "manifests": _MANIFESTS, "partitions": _PARTITIONS}[name]
        return columns, _arrow(columns, [])
    if name == "files":
        return _FILES, _selected(inspect.files(), _FILES)
    if name == "manifests":
        return _MANIFESTS, _selected(inspect.manifests(), _MANIFESTS)
    found = inspect.partitions().rename_columns({"total_data_file_size_in_bytes": "total_size"})
    columns = _PARTITIONS
    if "partition" in found.column_names and found.schema.field("partition").type.num_fields:
        columns = (("partition", _row_type(found.schema.field("partition").type)), *_PARTITIONS)
        return columns, found.select([column for column, _ in columns])
    return columns, _selected(found, columns)


def _selected(found: pa.Table, columns: Columns) -> pa.Table:
    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in columns])
    return found.select([name for name, _ in columns]).cast(schema)


_PARTITION_TYPES = {"int32": INTEGER, "int64": BIGINT, "string": VARCHAR, "date32[day]": TrinoType("date")}


def _row_type(struct: pa.StructType) -> TrinoType:
    parts = [struct.field(i) for i in range(struct.num_fields)]
    return row(*((part.name, _PARTITION_TYPES.get(str(part.type), VARCHAR)) for part in parts))
