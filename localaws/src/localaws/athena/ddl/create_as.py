"""CREATE TABLE AS, into an Iceberg table or into plain files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.athena.catalog import files
from localaws.athena.catalog.iceberg import load
from localaws.athena.catalog.iceberg_types import partition_spec, refuse_other_types, schema_of
from localaws.athena.catalog.text_layout import TextLayout
from localaws.athena.clients import in_s3
from localaws.athena.ddl import text as ddl_text
from localaws.athena.ddl.names import split_name
from localaws.athena.dml import commits, partition_limit
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.hive_types import hive_columns
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.output_columns import check_columns
from localaws.athena.sql.parser.parsing import bind, parse
from localaws.athena.trino_types import quote

if TYPE_CHECKING:
    import duckdb

    from localaws.athena.catalog.glue_tables import GlueTables
    from localaws.athena.trino_types import TrinoType


class CreateTableAs:
    """Runs one CREATE TABLE AS. `result_location` is where a table of plain files goes without an external_location."""

    def __init__(
        self, tables: GlueTables, cursor: duckdb.DuckDBPyConnection, sql: str, database: str, result_location: str
    ) -> None:
        self.tables = tables
        self.clients = tables.clients
        self.cursor = cursor
        self.sql = sql
        self.database = database
        self.result_location = result_location

    def run(self, parameters: list[str]) -> tuple[int, list[str] | None]:
        """Create the table; `parameters` replace each `?`.

        Returns the number of rows, and the URIs of the files written if it is a table of plain files.

        Raises AthenaError, and UnsupportedSqlError for options and types that this engine does not have.
        """
        tree = bind(parse(self.sql), parameters)
        if not isinstance(tree, exp.Create) or tree.expression is None or not isinstance(tree.this, exp.Table):
            raise UnsupportedSqlError(f"Statement {' '.join(self.sql.split()[:3])}")
        database, name = split_name(".".join(part.name for part in tree.this.parts), self.database)
        if self.tables.entry(database, name) is not None:
            if tree.args.get("exists"):
                return 0, None
            raise AthenaError("TABLE_ALREADY_EXISTS", f"Table '{database}.{name}' already exists")
        options = _options(tree)
        relation = Compiler(self.tables, self.sql, self.database).query(tree.expression)
        check_columns(relation.columns)
        columns = [(column.lower(), kind) for column, kind in relation.columns]
        cells = ", ".join(f"c{i} AS {quote(column)}" for i, (column, _) in enumerate(columns))
        limit = " LIMIT 0" if options.pop("no_data", None) else ""
        query = f"SELECT {cells} FROM ({relation.sql}){limit}"
        if str(options.pop("table_type", "HIVE")).upper() == "ICEBERG":
            return self._iceberg_as(database, name, columns, query, options)
        return self._hive_as(database, name, columns, query, options)

    def _iceberg_as(
        self, database: str, name: str, columns: list[tuple[str, TrinoType]], query: str, options: dict[str, Any]
    ) -> tuple[int, None]:
        location = str(options.pop("location", "")).rstrip("/")
        options.pop("is_external", None)
        partitioning = tuple(ddl_text.partition_field(text) for text in options.pop("partitioning", []))
        if str(options.pop("format", "PARQUET")).upper() != "PARQUET":
            raise UnsupportedSqlError("An Iceberg format other than PARQUET")
        if not location:
            raise AthenaError("INVALID_TABLE_PROPERTY", "Table location must be specified: location = 's3://…'")
        in_s3(location)
        refuse_other_types(kind for _, kind in columns)
        schema = schema_of([(column, kind, "") for column, kind in columns])
        spec = partition_spec(schema, partitioning)
        rows = self.cursor.execute(query).to_arrow_table()
        partition_limit.check(rows, schema, spec)
        table = self.clients.iceberg.create_table(
            (database, name),
            schema=schema,
            location=location,
            partition_spec=spec,
            properties={"format-version": "2", **{k: str(v) for k, v in options.items()}},
        )
        # Without rows too there is a snapshot, as Trino makes one for every table that a query creates.
        target = commits.Target(f"{database}.{name}", table, load(self.clients, name, table.metadata_location))
        commits.commit(target, commits.as_schema(rows, table), ())
        return int(rows.num_rows), None

    def _hive_as(
        self, database: str, name: str, columns: list[tuple[str, TrinoType]], query: str, options: dict[str, Any]
    ) -> tuple[int, list[str]]:
        location = str(options.pop("external_location", "") or self.result_location).rstrip("/")
        options.pop("is_external", None)  # no table of plain files is anything else
        form = file_format(options)
        keys = [str(key).lower() for key in options.pop("partitioned_by", [])]
        if options:
            raise UnsupportedSqlError(f"CREATE TABLE AS with {', '.join(options)}")
        if self.clients.list(location):
            raise AthenaError(
                "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table '{database}.{name}' already exists: {location}"
            )
        described = hive_columns(columns)
        written = files.write(self.cursor, query, columns, files.Destination(location, form, keys))
        table: Any = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false", "classification": form.name.lower()},
            "PartitionKeys": described[len(described) - len(keys) :] if keys else [],
            "StorageDescriptor": {
                "Columns": described[: len(described) - len(keys)],
                "Location": f"{location}/",
                **form.storage,
            },
        }
        self.clients.glue.create_table(DatabaseName=database, TableInput=table)
        if keys:
            entry = self.tables.entry(database, name) or {}
            files.register(self.clients, entry, written)
        return written.rows, written.files


def file_format(options: dict[str, Any], default: str = "PARQUET") -> files.FileFormat:
    """Return the file format that options of CREATE TABLE AS or UNLOAD describe, and remove these options.

    Raises UnsupportedSqlError for a format that is not written.
    """
    name = str(options.pop("format", default)).upper()
    compressions = [options.pop(key, None) for key in ("write_compression", "compression", "parquet_compression")]
    compression = next((str(value) for value in compressions if value), "GZIP" if name == "PARQUET" else "NONE")
    layout = TextLayout.of({"field.delim": str(options.pop("field_delimiter", "\x01"))})
    return files.FileFormat(name, compression, layout)


def _options(tree: exp.Create) -> dict[str, Any]:
    """Return the options of WITH (…) by lower-case name. Raises UnsupportedSqlError for an unknown one."""
    options: dict[str, Any] = {}
    properties = tree.args.get("properties")
    for node in properties.expressions if properties is not None else ():
        match node:
            case exp.LocationProperty():
                options["location"] = node.this.name
            case exp.FileFormatProperty():
                options["format"] = node.this.name
            case exp.PartitionedByProperty():
                options["partitioned_by"] = [item.name for item in node.this.expressions]
            case exp.WithDataProperty():
                options["no_data"] = bool(node.args.get("no"))
            case exp.Property() if isinstance(node.args["value"], exp.Array):
                options[node.name.lower()] = [item.name for item in node.args["value"].expressions]
            case exp.Property():
                options[node.name.lower()] = node.args["value"].name
            case _:
                raise UnsupportedSqlError(f"Table property {node.sql('trino')}")
    return options
