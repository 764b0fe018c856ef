"""SHOW and DESCRIBE: their rows of text, in the layout of Athena."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localaws.athena.catalog.files import partition_path
from localaws.athena.catalog.glue_tables import is_iceberg, is_view, view_document
from localaws.athena.ddl.names import split_name
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.hive_types import to_hive
from localaws.athena.trino_types import TrinoType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localaws.athena.catalog.glue_tables import GlueTables

STRING = TrinoType("string")  # Hive's type of all columns of SHOW and DESCRIBE
Listing = tuple[list[tuple[str, TrinoType]], list[list[str]]]
_NAME = r"([\w.$`\"-]+)"


def run(tables: GlueTables, sql: str, database: str) -> Listing:
    """Return the columns and rows of a statement. Raises UnsupportedSqlError for one that this engine does not have."""
    text = " ".join(sql.split())
    for pattern, answer in _STATEMENTS.items():
        if (matched := re.fullmatch(pattern, text, re.IGNORECASE)) is not None:
            return answer(tables, matched, database)
    raise UnsupportedSqlError(f"Statement {' '.join(text.split()[:3])}")


def _database(name: str | None, database: str) -> str:
    return split_name(name, database)[1] if name else database


def _tables(tables: GlueTables, matched: re.Match[str], database: str) -> Listing:
    names = (entry["Name"] for entry in tables.tables(_database(matched[1], database)))
    return _listing("tab_name", _matching(names, matched[2]))


def _views(tables: GlueTables, matched: re.Match[str], database: str) -> Listing:
    names = (entry["Name"] for entry in tables.tables(_database(matched[1], database)) if is_view(entry))
    return _listing("views", _matching(names, matched[2]))


def _databases(tables: GlueTables, matched: re.Match[str], _: str) -> Listing:
    return _listing("database_name", _matching((entry["Name"] for entry in tables.databases()), matched[1]))


def _columns(tables: GlueTables, matched: re.Match[str], database: str) -> Listing:
    return _listing("field", [name for name, _ in tables.described(_entry(tables, matched[1], database))])


def _matching(names: Iterable[str], pattern: str | None) -> list[str]:
    # Hive's patterns: * is any text, | separates alternatives.
    wanted = re.compile((pattern or "*").replace("*", ".*"))
    return sorted(name for name in names if wanted.fullmatch(name))


def _listing(column: str, values: list[str]) -> Listing:
    return [(column, STRING)], [[value] for value in values]


def _entry(tables: GlueTables, name: str, database: str) -> dict[str, Any]:
    schema, table = split_name(name, database)
    entry = tables.entry(schema, table)
    if entry is None:
        raise AthenaError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{schema}.{table}' does not exist")
    return entry


def _describe(tables: GlueTables, matched: re.Match[str], database: str) -> Listing:
    entry = _entry(tables, matched[1], database)
    keys = entry.get("PartitionKeys") or []
    comments = {c["Name"]: c.get("Comment", "") for c in [*(entry["StorageDescriptor"].get("Columns") or []), *keys]}
    rows = [[name, kind, comments.get(name, "")] for name, kind in _hive_types(tables, entry)]
    if keys:
        names = {key["Name"] for key in keys}
        head = [["", "", ""], ["# Partition Information", "", ""], ["# col_name", "data_type", "comment"], ["", "", ""]]
        rows += [*head, *([*row] for row in rows if row[0] in names)]
    return [("col_name", STRING), ("data_type", STRING), ("comment", STRING)], rows


def _hive_types(tables: GlueTables, entry: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the columns with Hive's names of their types, as DESCRIBE of Athena has them; of a view, Trino's."""
    if is_view(entry):
        return tables.described(entry)
    if is_iceberg(entry):
        return [(name, to_hive(kind)) for name, kind in tables.load(entry).columns()]
    return [*_hive_columns(entry), *((key["Name"], key["Type"]) for key in entry.get("PartitionKeys") or [])]


def _partitions(tables: GlueTables, matched: re.Match[str], database: str) -> Listing:
    entry = _entry(tables, matched[1], database)
    if is_iceberg(entry) or not entry.get("PartitionKeys"):
        raise AthenaError("NOT_SUPPORTED", f"Table {entry['DatabaseName']}.{entry['Name']} is not a partitioned table")
    keys = [key["Name"] for key in entry["PartitionKeys"]]
    names = [partition_path(keys, partition["Values"]) for partition in tables.partitions(entry)]
    return _listing("partition", names)


def _show_create(tables: GlueTables, matched: re.Match[str], database: str) -> Listing:
    entry = _entry(tables, matched[1], database)
    name = f"{entry['DatabaseName']}.{entry['Name']}"
    if is_view(entry):
        lines = [f"CREATE VIEW {name} AS", *view_document(entry)["originalSql"].splitlines()]
        return _listing("Create View", lines)
    if not is_iceberg(entry):
        return _show_create_external(entry)
    metadata = tables.load(entry).metadata
    columns = [f"  {column} {kind}" for column, kind in _hive_columns(entry)]
    spec = next(s for s in metadata["partition-specs"] if s["spec-id"] == metadata["default-spec-id"])
    names = {f["id"]: f["name"] for s in metadata["schemas"] for f in s["fields"]}
    parts = [_partition_text(field, names) for field in spec["fields"]]
    lines = [f"CREATE TABLE {name} (", *_commas(columns, ")")]
    if parts:
        lines += [f"PARTITIONED BY ({', '.join(parts)})"]
    lines += [f"LOCATION '{metadata['location']}'", "TBLPROPERTIES ("]
    lines += _commas(["  'table_type'='iceberg'"] + [f"  '{k}'='{v}'" for k, v in metadata["properties"].items()], "")
    return _listing("createtab_stmt", [*lines, ")"])


def _hive_columns(entry: dict[str, Any]) -> list[tuple[str, str]]:
    return [(c["Name"], c["Type"]) for c in entry["StorageDescriptor"].get("Columns") or []]


def _commas(lines: list[str], end: str) -> list[str]:
    return [line + ("," if position < len(lines) - 1 else end) for position, line in enumerate(lines)]


def _partition_text(field: dict[str, Any], names: dict[int, str]) -> str:
    column, transform = names[field["source-id"]], field["transform"]
    sized = re.fullmatch(r"(\w+)\[(\d+)\]", transform)
    if sized:
        return f"{sized[1]}({sized[2]}, {column})"
    return column if transform == "identity" else f"{transform}({column})"


def _properties(tables: GlueTables, matched: re.Match[str], database: str) -> Listing:
    entry = _entry(tables, matched[1], database)
    properties = tables.load(entry).metadata["properties"] if is_iceberg(entry) else entry.get("Parameters") or {}
    if is_iceberg(entry):
        properties = {**properties, "table_type": "ICEBERG"}
    wanted = {key: value for key, value in sorted(properties.items()) if matched[2] in {None, key}}
    return [("prpt_name", STRING), ("prpt_value", STRING)], [[key, str(value)] for key, value in wanted.items()]


def _show_create_external(entry: dict[str, Any]) -> Listing:
    """Return the CREATE EXTERNAL TABLE statement of a table of plain files, in Hive's layout."""
    storage, serde = entry["StorageDescriptor"], entry["StorageDescriptor"].get("SerdeInfo") or {}
    keys = entry.get("PartitionKeys") or []
    lines = [f"CREATE EXTERNAL TABLE `{entry['DatabaseName']}.{entry['Name']}`("]
    lines += _commas([f"  `{name}` {kind}" for name, kind in _hive_columns(entry)], ")")
    if keys:
        lines += ["PARTITIONED BY (", *_commas([f"  `{key['Name']}` {key['Type']}" for key in keys], ")")]
    lines += ["ROW FORMAT SERDE", f"  '{serde.get('SerializationLibrary', '')}'"]
    if serde.get("Parameters"):
        pairs = [f"  '{key}'='{value}'" for key, value in sorted(serde["Parameters"].items())]
        lines += ["WITH SERDEPROPERTIES (", *_commas(pairs, ")")]
    lines += ["STORED AS INPUTFORMAT", f"  '{storage.get('InputFormat', '')}'"]
    lines += ["OUTPUTFORMAT", f"  '{storage.get('OutputFormat', '')}'", "LOCATION", f"  '{storage['Location']}'"]
    pairs = [f"  '{key}'='{value}'" for key, value in sorted((entry.get("Parameters") or {}).items())]
    return _listing("createtab_stmt", [*lines, *(["TBLPROPERTIES (", *_commas(pairs, ")")] if pairs else [])])


_STATEMENTS: dict[str, Callable[[GlueTables, re.Match[str], str], Listing]] = {
    rf"SHOW TABLES(?: (?:IN|FROM) {_NAME})?(?: '(.*)')?": _tables,
    rf"SHOW VIEWS(?: (?:IN|FROM) {_NAME})?(?: LIKE '(.*)')?": _views,
    r"SHOW (?:DATABASES|SCHEMAS)(?: (?:LIKE )?'(.*)')?": _databases,
    rf"SHOW COLUMNS (?:IN|FROM) {_NAME}": _columns,
    rf"SHOW CREATE (?:TABLE|VIEW) {_NAME}": _show_create,
    rf"SHOW PARTITIONS {_NAME}": _partitions,
    rf"SHOW TBLPROPERTIES {_NAME}(?: ?\(['\"](.*)['\"]\))?": _properties,
    rf"(?:DESCRIBE|DESC) (?:FORMATTED |EXTENDED )?{_NAME}": _describe,
}
