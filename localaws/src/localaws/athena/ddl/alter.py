"""ALTER TABLE and MSCK REPAIR TABLE: Iceberg tables by pyiceberg, tables of plain files in the Glue catalog."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from pyiceberg.exceptions import ValidationError

from localaws.athena.catalog import iceberg
from localaws.athena.catalog.files import partition_path, partition_values
from localaws.athena.catalog.glue_tables import is_iceberg, is_view
from localaws.athena.catalog.iceberg_types import schema_of
from localaws.athena.clients import in_s3
from localaws.athena.ddl import text as ddl_text
from localaws.athena.ddl.names import COLUMN, split_name
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.hive_types import to_hive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyiceberg.table import Table

    from localaws.athena.catalog.glue_tables import GlueTables

_FLAGS = re.IGNORECASE | re.DOTALL
_TABLE_INPUT_MEMBERS = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters",
)  # fmt: skip


class Alterer:
    """Runs one ALTER TABLE or MSCK REPAIR TABLE. `entry` is the table as Glue stores it."""

    def __init__(self, tables: GlueTables, database: str, name: str) -> None:
        self.tables = tables
        self.clients = tables.clients
        self.database = database
        self.name = name
        entry = tables.entry(database, name)
        if entry is None:
            raise AthenaError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist")
        if is_view(entry):
            raise AthenaError("NOT_SUPPORTED", f"'awsdatacatalog.{database}.{name}' is a view, not a table")
        self.entry = entry

    def alter(self, action: str) -> None:
        """Run an action, which is the text after the table's name.

        Raises AthenaError when it is not possible, UnsupportedSqlError for actions that this engine does not have.
        """
        known = _ICEBERG if is_iceberg(self.entry) else _HIVE
        for pattern, change in known.items():
            if (matched := re.fullmatch(pattern, action.strip(), _FLAGS)) is not None:
                change(self, matched)
                return
        kind = "" if is_iceberg(self.entry) else " of a table that is not Iceberg"
        raise UnsupportedSqlError(f"ALTER TABLE … {' '.join(action.split()[:2])}{kind}")

    def repair(self) -> list[str]:
        """Create partitions for the folders below the table's location. Returns Hive's messages about them.

        Raises AthenaError for a table that is not a partitioned table of plain files.
        """
        if is_iceberg(self.entry) or not self._keys:
            raise AthenaError("FAILED", f"Table {self.database}.{self.name} is not a partitioned table of plain files")
        location = self.entry["StorageDescriptor"]["Location"].rstrip("/")
        known = {tuple(partition["Values"]) for partition in self.tables.partitions(self.entry)}
        found: dict[tuple[str, ...], str] = {}
        for file in self.clients.list(location):
            folders = file.removeprefix(f"{location}/").split("/")[: len(self._keys)]
            pairs = partition_values(folders)
            if [name.lower() for name, _ in pairs] == self._keys and all(value for _, value in pairs):
                found[tuple(value for _, value in pairs)] = f"{location}/{'/'.join(folders)}/"
        missing = {values: folder for values, folder in sorted(found.items()) if values not in known}
        for values, folder in missing.items():
            self._add(values, folder)
        names = [f"{self.name}:{folder.removeprefix(f'{location}/').rstrip('/')}" for folder in missing.values()]
        listed = [f"Partitions not in metastore:\t{' '.join(names)}"] if names else []
        return [*listed, *(f"Repair: Added partition to metastore {name}" for name in names)]

    @property
    def _keys(self) -> list[str]:
        return [key["Name"].lower() for key in self.entry.get("PartitionKeys") or []]

    def _iceberg(self) -> Table:
        location = self.entry["Parameters"].get("metadata_location")
        in_s3(location or "s3://none/")
        iceberg.load(
            self.clients, f"{self.database}.{self.name}", location
        )  # fails with Athena's message if it is broken
        return self.clients.iceberg.load_table((self.database, self.name))

    def add_columns(self, matched: re.Match[str]) -> None:
        """Add columns to an Iceberg table. Raises AthenaError for one that exists."""
        schema = schema_of(_columns(matched[1]))
        with _schema_change(f"add {matched[1]}"), self._iceberg().update_schema() as update:
            for field in schema.fields:
                update.add_column(field.name, field.field_type, doc=field.doc)

    def drop_column(self, matched: re.Match[str]) -> None:
        """Drop a column of an Iceberg table. Raises AthenaError for one that does not exist."""
        with _schema_change(f"drop column {matched[1]}"), self._iceberg().update_schema() as update:
            update.delete_column(matched[1].lower())

    def change_column(self, matched: re.Match[str]) -> None:
        """Change the name, type, comment and position of a column, where they differ.

        Raises AthenaError for a column that does not exist, and for a type that is not wider.
        """
        old, new, first, after = matched[1].lower(), matched[2].lower(), matched[4], matched[5]
        [wanted] = schema_of([ddl_text.column(f"{new} {matched[3]}")]).fields
        table = self._iceberg()
        if old not in table.schema().column_names:
            raise AthenaError("COLUMN_NOT_FOUND", f"Column '{old}' does not exist in {self.database}.{self.name}")
        current = table.schema().find_field(old)
        with _schema_change(f"change column {old} to {new} {matched[3]}"), table.update_schema() as update:
            if current.field_type != wanted.field_type or (wanted.doc and wanted.doc != current.doc):
                update.update_column(old, wanted.field_type, doc=wanted.doc or current.doc)
            if first:
                update.move_first(old)
            elif after:
                update.move_after(old, after.lower())
            if new != old:
                update.rename_column(old, new)

    def rename(self, matched: re.Match[str]) -> None:
        """Rename a table in Glue. Raises AthenaError when there is a table of the new name."""
        target = split_name(matched[1], self.database)
        if self.tables.entry(*target) is not None:
            raise AthenaError("TABLE_ALREADY_EXISTS", f"Table '{'.'.join(target)}' already exists")
        # Glue cannot rename a table: the same files get another entry.
        table: Any = {**self._kept(), "Name": target[1]}
        self.clients.glue.create_table(DatabaseName=target[0], TableInput=table)
        self.clients.glue.delete_table(DatabaseName=self.database, Name=self.name)

    def set_properties(self, matched: re.Match[str]) -> None:
        """Set properties, in the metadata of an Iceberg table or in Glue."""
        pairs = dict(re.findall(r"'([^']+)'\s*=\s*'([^']*)'", matched[1]))
        if is_iceberg(self.entry):
            with self._iceberg().transaction() as transaction:
                transaction.set_properties(pairs)
        else:
            self._update(Parameters={**(self.entry.get("Parameters") or {}), **pairs})

    def unset_properties(self, matched: re.Match[str]) -> None:
        """Remove properties of an Iceberg table."""
        with self._iceberg().transaction() as transaction:
            transaction.remove_properties(*re.findall(r"'([^']+)'", matched[1]))

    def add_hive_columns(self, matched: re.Match[str]) -> None:
        """Add columns to a table of plain files, in Glue."""
        known = self.entry["StorageDescriptor"].get("Columns") or []
        self._update_columns([*known, *_glue_columns(matched[1])])

    def replace_hive_columns(self, matched: re.Match[str]) -> None:
        """Replace the columns of a table of plain files, in Glue."""
        self._update_columns(_glue_columns(matched[1]))

    def add_partitions(self, matched: re.Match[str]) -> None:
        """Create partitions in Glue. Raises AthenaError for one that exists, without IF NOT EXISTS."""
        location = self.entry["StorageDescriptor"]["Location"].rstrip("/")
        known = {tuple(partition["Values"]) for partition in self.tables.partitions(self.entry)}
        for values, given in self._partitions(matched[2]):
            if values in known:
                if matched[1]:
                    continue
                raise AthenaError("FAILED", f"Partition already exists: {self._named(values)}")
            self._add(values, given or f"{location}/{partition_path(self._keys, values)}/")

    def drop_partitions(self, matched: re.Match[str]) -> None:
        """Delete partitions in Glue. Raises AthenaError for one that does not exist, without IF EXISTS."""
        known = {tuple(partition["Values"]) for partition in self.tables.partitions(self.entry)}
        for values, _ in self._partitions(matched[2]):
            if values in known:
                self.clients.glue.delete_partition(
                    DatabaseName=self.database, TableName=self.name, PartitionValues=list(values)
                )
            elif not matched[1]:
                raise AthenaError("FAILED", f"Partition does not exist: {self._named(values)}")

    def set_location(self, matched: re.Match[str]) -> None:
        """Change the location of a table of plain files, in Glue."""
        self._update(StorageDescriptor={**self.entry["StorageDescriptor"], "Location": matched[1]})

    def _partitions(self, text: str) -> list[tuple[tuple[str, ...], str | None]]:
        if not self._keys:
            raise AthenaError("FAILED", f"Table {self.database}.{self.name} has no partitions")
        return ddl_text.parse_partitions(text, self._keys, self.name)

    def _named(self, values: tuple[str, ...]) -> str:
        return "/".join(f"{key}={value}" for key, value in zip(self._keys, values, strict=True))

    def _add(self, values: tuple[str, ...], location: str) -> None:
        storage = {**self.entry["StorageDescriptor"], "Location": location}
        partition: Any = {"Values": list(values), "StorageDescriptor": storage, "Parameters": {}}
        self.clients.glue.create_partition(DatabaseName=self.database, TableName=self.name, PartitionInput=partition)

    def _update_columns(self, columns: list[dict[str, str]]) -> None:
        self._update(StorageDescriptor={**self.entry["StorageDescriptor"], "Columns": columns})

    def _update(self, **changes: Any) -> None:
        table: Any = {**self._kept(), **changes}
        self.clients.glue.update_table(DatabaseName=self.database, TableInput=table)

    def _kept(self) -> dict[str, Any]:
        """Return the members of a table that UpdateTable takes; it refuses empty texts."""
        return {key: self.entry[key] for key in _TABLE_INPUT_MEMBERS if self.entry.get(key) not in (None, "")}


@contextlib.contextmanager
def _schema_change(what: str) -> Iterator[None]:
    """Raise pyiceberg's refusal of a change of schema as the error that Athena reports."""
    try:
        yield
    except (ValidationError, ValueError) as error:
        raise AthenaError("NOT_SUPPORTED", f"Cannot {what}: {error}") from error


def _columns(text: str) -> list[Any]:
    return [ddl_text.column(item) for item in ddl_text.split_top(ddl_text.enclosed(text, 0)[0])]


def _glue_columns(text: str) -> list[dict[str, str]]:
    described = ((name, to_hive(kind), comment) for name, kind, comment in _columns(text))
    return [{"Name": n, "Type": kind, **({"Comment": comment} if comment else {})} for n, kind, comment in described]


_PROPERTIES = r"SET\s+TBLPROPERTIES\s*\((.*)\)"
_ICEBERG: dict[str, Callable[[Alterer, re.Match[str]], None]] = {
    r"ADD\s+COLUMNS?\s*(\(.*\))": Alterer.add_columns,
    rf"DROP\s+COLUMN\s+{COLUMN}": Alterer.drop_column,
    rf"CHANGE\s+(?:COLUMN\s+)?{COLUMN}\s+{COLUMN}\s+(.+?)(?:\s+(FIRST)|\s+AFTER\s+{COLUMN})?": Alterer.change_column,
    r"RENAME\s+TO\s+([\w.`\"-]+)": Alterer.rename,
    _PROPERTIES: Alterer.set_properties,
    r"UNSET\s+TBLPROPERTIES\s*\((.*)\)": Alterer.unset_properties,
}
_HIVE: dict[str, Callable[[Alterer, re.Match[str]], None]] = {
    r"ADD\s+COLUMNS?\s*(\(.*\))": Alterer.add_hive_columns,
    r"REPLACE\s+COLUMNS\s*(\(.*\))": Alterer.replace_hive_columns,
    r"ADD\s+(IF\s+NOT\s+EXISTS\s+)?(PARTITION.*)": Alterer.add_partitions,
    r"DROP\s+(IF\s+EXISTS\s+)?(PARTITION.*)": Alterer.drop_partitions,
    r"SET\s+LOCATION\s+'([^']+)'": Alterer.set_location,
    _PROPERTIES: Alterer.set_properties,
}
