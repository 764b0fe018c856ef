"""What a contract file may leave out: filled in before the file is checked, so that everything else sees it whole.

A short contract names its columns, its key and little else:

    apiVersion: v3.1.0
    kind: DataContract
    name: stock
    version: 1.0.0
    schema:
      - name: stock
        properties:
          - {name: sku, logicalType: string, primaryKey: true}
          - {name: quantity, logicalType: integer}
          - {name: counted_at, logicalType: timestamp, required: true}

Left out and filled in: `id`, `status`, `team`; a table's `physicalName`, `cartlake.versionColumn`, `cartlake.eventTime`
and the columns the lake adds; a column's `physicalType` or `logicalType`, `required` of keys and of that event time,
positions of keys and partitions; `cartlake.file` of a contract whose tables are not built from others.

A table without a column of a date or timestamp gets `_received_at`: of two rows of a key the one of the file received
last wins.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from cartlake.contracts.nested import LOGICAL_TYPES

BUILD: Final = "cartlake.build"
FILE: Final = "cartlake.file"
VERSION_COLUMN: Final = "cartlake.versionColumn"
EVENT_TIME: Final = "cartlake.eventTime"
RECEIVED_AT: Final = "_received_at"
"""The column the lake adds where a table has no version of its own: when the file of the row was received, UTC."""
PHYSICAL_TYPES: Final = {
    "string": "string",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "object": "struct",
    "array": "array",
}
"""The type of a column that names only its logical type. Money needs one of its own, such as `decimal(12,2)`."""
_FORMATS: Final = ("csv", "jsonl", "parquet")
_INSTANT: Final = {"timezone": True, "defaultTimezone": "Etc/UTC"}
_ADDED_BY_LAKE: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "_ingested_at",
        "logicalType": "timestamp",
        "physicalType": "timestamp",
        "required": True,
        "description": "When the run that loaded this version began, UTC. One value for all rows of a run.",
        "logicalTypeOptions": _INSTANT,
    },
    {
        "name": "_source_file",
        "logicalType": "string",
        "physicalType": "string",
        "required": True,
        "description": "URI of the file this version came from.",
    },
    {
        "name": "_run_id",
        "logicalType": "string",
        "physicalType": "string",
        "required": True,
        "description": "The run that loaded this version.",
    },
)

_RECEPTION: Final[dict[str, Any]] = {
    "name": RECEIVED_AT,
    "logicalType": "timestamp",
    "physicalType": "timestamp",
    "required": True,
    "description": "When the file this version came from was received, UTC. The file received last wins.",
    "logicalTypeOptions": _INSTANT,
}


def with_defaults(content: Any) -> Any:
    """Return the content of a contract file with what it leaves out. What has another shape stays as it is."""
    if not isinstance(content, dict):
        return content
    tables = content.get("schema")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        return _header(content)
    takes_files = FILE in _custom(content) or not any(_is_written_by_lake(table) for table in tables)
    filled = [_table(table, loaded=takes_files and number == 0) for number, table in enumerate(tables)]
    return _header(content) | {"schema": filled} | (_file(content) if takes_files else {})


def _header(content: Mapping[str, Any]) -> dict[str, Any]:
    named = {"id": content["name"]} if "name" in content else {}
    return {**named, "status": "active", "team": {"name": ""}, **content}


def _is_written_by_lake(table: Mapping[str, Any]) -> bool:
    return BUILD in _custom(table) or str(table.get("physicalName", "")).startswith("ops.")


def _file(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"customProperties": _with_custom(content, {FILE: {"formats": list(_FORMATS)}})}


def _table(table: Mapping[str, Any], *, loaded: bool) -> dict[str, Any]:
    database = "curated" if BUILD in _custom(table) else "processed"
    filled = {"physicalName": f"{database}.{table['name']}"} | dict(table) if "name" in table else dict(table)
    columns = table.get("properties")
    if not isinstance(columns, list) or not all(isinstance(column, dict) for column in columns):
        return filled
    keys = _positions(columns, "primaryKey", "primaryKeyPosition")
    partitions = _positions(columns, "partitioned", "partitionKeyPosition")
    known = [
        _column(column) | key | partition for column, key, partition in zip(columns, keys, partitions, strict=True)
    ]
    if not loaded:
        return filled | {"properties": known}
    names = {column.get("name") for column in columns}
    times = _times(table, known)
    lake = (*_ADDED_BY_LAKE, _RECEPTION) if RECEIVED_AT in times.values() else _ADDED_BY_LAKE
    added = [column for column in lake if column["name"] not in names]
    if EVENT_TIME not in _custom(table):  # a row without it belongs to no day
        known = [{"required": True} | one if one.get("name") == times.get(EVENT_TIME) else one for one in known]
    return filled | {"properties": [*known, *added], "customProperties": _with_custom(table, times)}


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    physical, logical = column.get("physicalType"), column.get("logicalType")
    types = {}
    if physical is None and logical in PHYSICAL_TYPES:
        types = {"physicalType": PHYSICAL_TYPES[str(logical)]}
    elif logical is None and (known := LOGICAL_TYPES.get(str(physical).partition("(")[0].partition("<")[0])):
        types = {"logicalType": known}
    required = {"required": True} if column.get("primaryKey") is True else {}
    return {**required, **types, **column, **_parts(column)}


def _parts(column: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object and the element of an array, with what they leave out."""
    fields, element = column.get("properties"), column.get("items")
    filled: dict[str, Any] = {}
    if isinstance(fields, list):
        filled["properties"] = [_column(field) if isinstance(field, dict) else field for field in fields]
    if isinstance(element, dict):
        filled["items"] = _column(element)
    return filled


def _positions(columns: Sequence[Mapping[str, Any]], flag: str, position: str) -> list[dict[str, Any]]:
    """Return the position of each column that has the flag: counted where no column says one."""
    if any(position in column for column in columns):
        return [{} for _ in columns]
    numbers = iter(range(1, len(columns) + 1))
    return [{position: next(numbers)} if column.get(flag) is True else {} for column in columns]


def _times(table: Mapping[str, Any], columns: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the version column and event time: the only column with a time, or when the file was received."""
    known = _custom(table)
    candidates = time_columns(columns) or [RECEIVED_AT]
    version = known.get(VERSION_COLUMN) or (candidates[0] if len(candidates) == 1 else None)
    return {} if version is None else {VERSION_COLUMN: version, EVENT_TIME: known.get(EVENT_TIME) or version}


def time_columns(columns: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the columns that say when: those of dates and timestamps which the lake does not add."""
    return [
        str(column.get("name"))
        for column in columns
        if column.get("physicalType") in {"date", "timestamp"} and not str(column.get("name")).startswith("_")
    ]


def _with_custom(element: Mapping[str, Any], defaults: Mapping[str, Any]) -> Any:
    """Return the custom properties of an element, with those of `defaults` that it does not have."""
    known = _custom(element)
    listed = element.get("customProperties", [])
    if not isinstance(listed, list):
        return listed
    return [*listed, *({"property": name, "value": value} for name, value in defaults.items() if name not in known)]


def _custom(element: Mapping[str, Any]) -> dict[str, Any]:
    listed = element.get("customProperties")
    return {
        entry["property"]: entry.get("value")
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("property"), str)
    }
