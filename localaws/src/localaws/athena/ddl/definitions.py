"""CREATE, DROP and ALTER: Iceberg tables by pyiceberg, views and databases in the Glue catalog."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localaws.athena.catalog.glue_tables import is_iceberg, is_view, view_input
from localaws.athena.catalog.iceberg import load
from localaws.athena.catalog.iceberg_types import partition_spec, schema_of
from localaws.athena.clients import in_s3, split_uri
from localaws.athena.ddl import text as ddl_text
from localaws.athena.ddl.alter import Alterer
from localaws.athena.ddl.create_as import CreateTableAs
from localaws.athena.ddl.names import split_name
from localaws.athena.ddl.view_text import stored_text
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.hive_types import hive_type
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.output_columns import check_columns
from localaws.athena.sql.parser.parsing import bare, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from localaws.athena.catalog.glue_tables import GlueTables
    from localaws.athena.ddl.text import IcebergDefinition
    from localaws.athena.statements import Statement

_NAME = r"(?P<name>[\w.`\"$-]+)"
_VIEW = re.compile(
    rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+{_NAME}\s+AS\s+(?P<body>.*)", re.IGNORECASE | re.DOTALL
)
_DATABASE = re.compile(
    rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?{_NAME}(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_DROP = re.compile(
    rf"DROP\s+(?P<kind>TABLE|VIEW|DATABASE|SCHEMA)\s+(?P<exists>IF\s+EXISTS\s+)?{_NAME}(?P<cascade>\s+(?:CASCADE|RESTRICT))?",
    re.IGNORECASE,
)
# CREATE TABLE name AS …, CREATE TABLE name WITH (…) AS …; with a column list it is another statement
_CREATE_AS = re.compile(rf"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s+(?:AS|WITH)\b", re.IGNORECASE)
_ALTER = re.compile(rf"ALTER\s+TABLE\s+{_NAME}\s+(?P<action>.*)", re.IGNORECASE | re.DOTALL)


class Definer:
    """Runs the defining statements of one query. `result_location` is where CREATE TABLE AS puts files by default."""

    def __init__(
        self, tables: GlueTables, cursor: duckdb.DuckDBPyConnection, statement: Statement, result_location: str
    ) -> None:
        self.tables = tables
        self.clients = tables.clients
        self.cursor = cursor
        self.sql = bare(statement.text)
        self.database = statement.database
        self.parameters = list(statement.parameters)
        self.result_location = result_location

    def run(self, external_table: Callable[[str, str], None]) -> tuple[int | None, list[str] | None]:
        """Run the statement; `external_table` creates a table over plain files.

        Returns the row count and the files, if it writes any.

        Raises AthenaError, and UnsupportedSqlError for statements that this engine does not have.
        """
        if self.parameters and not _CREATE_AS.match(self.sql):
            raise AthenaError(
                "INVALID_PARAMETER_USAGE", "Of all CREATE statements only CREATE TABLE AS takes parameters"
            )
        if (matched := _VIEW.fullmatch(self.sql)) is not None:
            self._create_view(matched)
        elif (matched := _DATABASE.fullmatch(self.sql)) is not None:
            self._create_database(matched)
        elif (matched := _DROP.fullmatch(self.sql)) is not None:
            self._drop(matched)
        elif (matched := _ALTER.fullmatch(self.sql)) is not None:
            Alterer(self.tables, *split_name(matched["name"], self.database)).alter(matched["action"])
        elif _CREATE_AS.match(self.sql):
            return CreateTableAs(self.tables, self.cursor, self.sql, self.database, self.result_location).run(
                self.parameters
            )
        elif ddl_text.is_iceberg(self.sql):
            self._create_iceberg(ddl_text.parse_create(self.sql))
        elif re.match(r"CREATE\s+EXTERNAL\s+TABLE\b", self.sql, re.IGNORECASE):
            external_table(self.sql, self.database)
        else:
            raise UnsupportedSqlError(f"Statement {' '.join(self.sql.split()[:3])}")
        return None, None

    def _create_view(self, matched: re.Match[str]) -> None:
        database, name = split_name(matched["name"], self.database)
        body = matched["body"].strip()
        relation = Compiler(self.tables, body, self.database).query(parse(body))
        check_columns(relation.columns)
        columns = [(str(column), str(kind), hive_type(kind)) for column, kind in relation.columns]
        existing = self.tables.entry(database, name)
        if existing is not None and (not matched["replace"] or not is_view(existing)):
            raise AthenaError("TABLE_ALREADY_EXISTS", f"View or table '{database}.{name}' already exists")
        table: Any = view_input(name, stored_text(body), self.database, columns)
        if existing is None:
            self.clients.glue.create_table(DatabaseName=database, TableInput=table)
        else:
            self.clients.glue.update_table(DatabaseName=database, TableInput=table)

    def _create_database(self, matched: re.Match[str]) -> None:
        name = split_name(matched["name"], self.database)[1]
        location = re.search(r"LOCATION\s+'([^']+)'", matched["rest"], re.IGNORECASE)
        database: Any = {"Name": name, **({"LocationUri": location[1]} if location else {})}
        try:
            self.clients.glue.create_database(DatabaseInput=database)
        except self.clients.glue.exceptions.AlreadyExistsException as error:
            if not matched["exists"]:
                raise AthenaError("SCHEMA_ALREADY_EXISTS", f"Schema '{name}' already exists") from error

    def _drop(self, matched: re.Match[str]) -> None:
        database, name = split_name(matched["name"], self.database)
        kind = matched["kind"].upper()
        if kind in {"DATABASE", "SCHEMA"}:
            self._drop_database(name, matched)
            return
        entry = self.tables.entry(database, name)
        # DROP TABLE of a view and DROP VIEW of a table fail, also with IF EXISTS.
        if entry is None or is_view(entry) != (kind == "VIEW"):
            if entry is None and matched["exists"]:
                return
            raise AthenaError("TABLE_NOT_FOUND", f"{kind.title()} 'awsdatacatalog.{database}.{name}' does not exist")
        if is_iceberg(entry):
            self._purge(entry)
        self.clients.glue.delete_table(DatabaseName=database, Name=name)

    def _drop_database(self, name: str, matched: re.Match[str]) -> None:
        known = any(entry["Name"] == name for entry in self.tables.databases())
        if not known and matched["exists"]:
            return
        if self.tables.tables(name) and "CASCADE" not in (matched["cascade"] or "").upper():
            raise AthenaError("SCHEMA_NOT_EMPTY", f"Database {name} is not empty. One or more tables exist.")
        self.clients.glue.delete_database(Name=name)

    def _purge(self, entry: dict[str, Any]) -> None:
        """Delete all files of an Iceberg table, as Athena does when it drops one."""
        location = load(self.clients, entry["Name"], entry["Parameters"].get("metadata_location")).metadata["location"]
        bucket, prefix = split_uri(location.rstrip("/") + "/")
        pages = self.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            keys: Any = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if keys:
                self.clients.delete(bucket, keys)

    def _create_iceberg(self, wanted: IcebergDefinition) -> None:
        database = wanted.database or self.database
        if self.tables.entry(database, wanted.table) is not None:
            if wanted.if_not_exists:
                return
            raise AthenaError("TABLE_ALREADY_EXISTS", f"Table '{database}.{wanted.table}' already exists")
        if not wanted.location:
            raise AthenaError("INVALID_TABLE_PROPERTY", "Table location must be specified: LOCATION 's3://…'")
        in_s3(wanted.location)
        schema = schema_of([(name, kind, comment) for name, kind, comment in wanted.columns])
        self.clients.iceberg.create_table(
            (database, wanted.table),
            schema=schema,
            location=wanted.location,
            partition_spec=partition_spec(schema, wanted.partitioning),
            properties={"format-version": "2", **wanted.properties},
        )
