"""The tables of one query, which are looked up in Glue when it runs and never cached."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from localaws.athena.catalog import hive, iceberg, metadata_tables
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.hive_types import from_hive
from localaws.athena.sql.tables import Source, Version, View
from localaws.athena.trino_types import VARCHAR

if TYPE_CHECKING:
    import duckdb

    from localaws.athena.clients import Clients

INFORMATION_SCHEMA = "information_schema"
_VIEW_PREFIX = "/* Presto View: "


class GlueTables:
    """Implements the `Tables` protocol of the compiler over the Glue catalog."""

    def __init__(self, clients: Clients, cursor: duckdb.DuckDBPyConnection) -> None:
        self.clients = clients
        self.cursor = cursor
        self._registered = 0
        self._bytes: dict[str, int] = {}
        self._files_of_scans: dict[str, list[str]] = {}

    def files_under(self, location: str) -> list[str]:
        """Return the URIs of the plain files below a location; their sizes are kept for `bytes_of`."""
        found = self.clients.sizes(location)
        self._bytes |= found
        return list(found)

    def note_scan(self, files: list[str]) -> None:
        """Remember all files that one scan reads, for `bytes_of`."""
        self._files_of_scans[files[0]] = files

    def bytes_of(self, files: list[str]) -> int:
        """Return the bytes of all files of a scan, of which `files` may name the first few and then "..."."""
        whole = self._files_of_scans.get(files[0], files) if files[-1] == "..." else files
        return sum(self._bytes.get(file, 0) for file in whole)

    def find(self, database: str, table: str, version: Version | None) -> Source | View | None:
        """Return a table, view, metadata table (`t$files`) or table of information_schema; None when there is none.

        Raises AthenaError for a version of a table that is not Iceberg, and for an Iceberg table that is broken.
        """
        if database == INFORMATION_SCHEMA:
            return self._information(table)
        base, _, part = table.partition("$")
        entry = self.entry(database, base)
        if entry is None:
            return None
        if is_view(entry):
            return decode_view(entry)
        if not is_iceberg(entry):
            if part or version is not None:
                raise AthenaError("NOT_SUPPORTED", f"Table '{database}.{base}' has no versions: it is not Iceberg")
            return hive.source(self, entry)
        loaded = self.load(entry)
        if part:
            columns, rows = metadata_tables.rows(self.clients, loaded, part)
            return Source(self.register(rows), columns)
        return loaded.source(self._snapshot(loaded, version))

    def entry(self, database: str, table: str) -> dict[str, Any] | None:
        """Return the table as Glue stores it, None when there is none."""
        return self.clients.table(database, table)

    def partitions(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the partitions of a table of plain files, as Glue stores them."""
        pages = self.clients.glue.get_paginator("get_partitions").paginate(
            DatabaseName=entry["DatabaseName"], TableName=entry["Name"]
        )
        return [dict(partition) for page in pages for partition in page["Partitions"]]

    def load(self, entry: dict[str, Any]) -> iceberg.IcebergTable:
        """Return an Iceberg table by its metadata file. Raises AthenaError when that is missing or broken."""
        location = entry["Parameters"].get("metadata_location")
        return iceberg.load(self.clients, f"{entry['DatabaseName']}.{entry['Name']}", location)

    def register(self, rows: pa.Table) -> str:
        """Make rows a table that this query can read; return its name."""
        self._registered += 1
        name = f"registered_{self._registered}"
        self.cursor.register(name, rows)
        return name

    def _snapshot(self, table: iceberg.IcebergTable, version: Version | None) -> int | None:
        if version is None:
            return None
        if version.kind == "TIMESTAMP":
            found = self.cursor.execute(f"SELECT epoch_ms({version.value.sql})").fetchone()
            return table.snapshot_at(found[0] if found else 0)
        if version.value.type.name == "varchar" and version.value.constant is not None:
            return table.snapshot_of(version.value.constant)
        if version.value.constant is None or not version.value.constant.isdigit():
            raise UnsupportedSqlError("FOR VERSION AS OF a computed value")
        return int(version.value.constant)

    def databases(self) -> list[dict[str, Any]]:
        """Return every database, as Glue stores it."""
        pages = self.clients.glue.get_paginator("get_databases").paginate()
        return [dict(entry) for page in pages for entry in page["DatabaseList"]]

    def tables(self, database: str) -> list[dict[str, Any]]:
        """Return every table of a database, as Glue stores it. Raises AthenaError when there is no such database."""
        try:
            pages = self.clients.glue.get_paginator("get_tables").paginate(DatabaseName=database)
            return [dict(entry) for page in pages for entry in page["TableList"]]
        except self.clients.glue.exceptions.EntityNotFoundException as error:
            raise AthenaError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist") from error

    def _information(self, table: str) -> Source | None:
        lines = {"schemata": self._schemata, "tables": self._tables, "columns": self._columns}.get(table)
        if lines is None:
            return None
        names, rows = lines()
        columns = tuple((name, VARCHAR if name != "ordinal_position" else from_hive("bigint")) for name in names)
        schema = pa.schema([(n, pa.string() if k.name == "varchar" else pa.int64()) for n, k in columns])
        return Source(self.register(pa.Table.from_pylist(rows, schema=schema)), columns)

    def _schemata(self) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
        names = [entry["Name"] for entry in self.databases()]
        return ("catalog_name", "schema_name"), [{"catalog_name": "awsdatacatalog", "schema_name": n} for n in names]

    def _tables(self) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
        return ("table_catalog", "table_schema", "table_name", "table_type"), [
            {
                "table_catalog": "awsdatacatalog",
                "table_schema": database["Name"],
                "table_name": entry["Name"],
                "table_type": "VIEW" if is_view(entry) else "BASE TABLE",
            }
            for database in self.databases()
            for entry in self.tables(database["Name"])
        ]

    def _columns(self) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
        names = (
            "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "is_nullable",
            "data_type",
        )  # fmt: skip
        return names, [
            {
                "table_catalog": "awsdatacatalog",
                "table_schema": database["Name"],
                "table_name": entry["Name"],
                "column_name": name,
                "ordinal_position": position,
                "is_nullable": "YES",
                "data_type": kind,
            }
            for database in self.databases()
            for entry in self.tables(database["Name"])
            for position, (name, kind) in enumerate(self.described(entry), start=1)
        ]

    def described(self, entry: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the column names and Trino types of a Glue table or view, partition keys last."""
        if is_view(entry):
            return [(column["name"], column["type"]) for column in view_document(entry)["columns"]]
        if is_iceberg(entry):
            return [(name, str(kind)) for name, kind in self.load(entry).columns()]
        nodes = [*(entry["StorageDescriptor"].get("Columns") or []), *(entry.get("PartitionKeys") or [])]
        return [(node["Name"], str(from_hive(node.get("Type") or "string"))) for node in nodes]


def is_view(entry: dict[str, Any]) -> bool:
    """Return whether a Glue table is a view."""
    return entry.get("TableType") == "VIRTUAL_VIEW"


def is_iceberg(entry: dict[str, Any]) -> bool:
    """Return whether a Glue table is an Iceberg table."""
    return str((entry.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"


def view_document(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON document that Athena stores for a view.

    Raises UnsupportedSqlError for a view of another engine, AthenaError for one that cannot be read.
    """
    text = entry.get("ViewOriginalText") or ""
    if not text.startswith(_VIEW_PREFIX):
        raise UnsupportedSqlError(f"View {entry['Name']}, which Athena did not create,")
    try:
        encoded = text.removeprefix(_VIEW_PREFIX).removesuffix(" */")
        document: dict[str, Any] = json.loads(base64.b64decode(encoded, validate=True))
    except ValueError as error:
        raise AthenaError("INVALID_VIEW", f"View {entry['Name']} has no definition that can be read") from error
    return document


def decode_view(entry: dict[str, Any]) -> View:
    """Return the query of a view and its database. Raises the errors of `view_document`."""
    document = view_document(entry)
    columns = tuple((str(column["name"]), str(column["type"])) for column in document.get("columns") or ())
    return View(document["originalSql"], document.get("schema") or entry["DatabaseName"], columns)


def view_input(name: str, text: str, database: str, columns: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Return Glue's TableInput of a view; `columns` are name, Trino type and Hive type."""
    document = {
        "originalSql": text,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column, "type": kind} for column, kind, _ in columns],
    }
    encoded = base64.b64encode(json.dumps(document).encode()).decode()
    # Athena recognizes its own views by these texts.
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"{_VIEW_PREFIX}{encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": kind} for column, _, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
