"""Compares an Iceberg table with its contract: what may be changed, and what must be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pyiceberg.exceptions import ResolveError
from pyiceberg.schema import promote

from cartlake.contracts.schemas import iceberg_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyiceberg.schema import Schema
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.types import IcebergType, NestedField

    from cartlake.contracts.model import Table

Action = Literal["create", "add_column", "promote_type", "update_doc", "set_property", "refuse"]

# Read when a table is made; afterwards it is a fact about the table, not a property of it.
_FORMAT_VERSION = "format-version"


@dataclass(frozen=True, slots=True)
class TableChange:
    """One step from what a table is to what its contract says. `target` is a column or property, "" for the table."""

    table: str
    action: Action
    target: str = ""
    before: str | None = None
    after: str | None = None
    advice: str = ""

    def __str__(self) -> str:
        name = f"{self.table}.{self.target}" if self.target else self.table
        change = "" if self.before is None and self.after is None else f": {self.before} → {self.after}"
        return f"{self.action} {name}{change}" + (f" ({self.advice})" if self.advice else "")


def table_changes(name: str, existing: IcebergTable, table: Table) -> list[TableChange]:
    """The steps from `existing`, called `name` in messages, to what the contract says of `table`."""
    return [
        *_column_changes(name, existing.schema(), iceberg_schema(table)),
        *_layout_refusals(name, existing, table),
        *_property_changes(name, existing, table),
    ]


def _column_changes(name: str, existing: Schema, wanted: Schema) -> Iterator[TableChange]:
    present = {field.name: field for field in existing.fields}
    for field in wanted.fields:
        if field.name not in present:
            yield _addition(name, field)
            continue
        old = present.pop(field.name)
        if str(old.field_type) != str(field.field_type):
            yield _type_change(name, field.name, old.field_type, field.field_type)
        if (old.doc or "") != (field.doc or ""):
            yield TableChange(name, "update_doc", field.name, old.doc, field.doc)
    for gone, field in present.items():
        advice = "the contract dropped or renamed it; keep it in the contract, or move the data to a new table"
        yield TableChange(name, "refuse", gone, str(field.field_type), None, advice)
    keys, wanted_keys = sorted(existing.identifier_field_names()), sorted(wanted.identifier_field_names())
    if keys != wanted_keys:
        advice = "the primary key is what rows are merged by; make a new table and load it again"
        yield TableChange(name, "refuse", "", ", ".join(keys), ", ".join(wanted_keys), advice)


def _addition(name: str, field: NestedField) -> TableChange:
    if field.required:
        advice = "rows written so far have no value for it; a column of the primary key cannot be added"
        return TableChange(name, "refuse", field.name, None, str(field.field_type), advice)
    return TableChange(name, "add_column", field.name, None, str(field.field_type))


def _type_change(name: str, column: str, old: IcebergType, new: IcebergType) -> TableChange:
    try:
        promote(old, new)
    except ResolveError:
        advice = "Iceberg only widens: int → bigint, float → double, decimal to more digits; add a new column instead"
        return TableChange(name, "refuse", column, str(old), str(new), advice)
    return TableChange(name, "promote_type", column, str(old), str(new))


def _layout_refusals(name: str, existing: IcebergTable, table: Table) -> Iterator[TableChange]:
    schema = existing.schema()
    current = [f"{field.transform}({schema.find_column_name(field.source_id)})" for field in existing.spec().fields]
    wanted = [f"{part.transform}({part.column})" for part in table.partitioning]
    if current != wanted:
        advice = "old files would keep the old partitions; make a new table and load it again"
        yield TableChange(name, "refuse", "", ", ".join(current), ", ".join(wanted), advice)
    version, wanted_version = str(existing.format_version), table.table_properties.get(_FORMAT_VERSION, "2")
    if version != wanted_version:
        advice = "upgrade the table by hand once every engine that reads it knows the version"
        yield TableChange(name, "refuse", _FORMAT_VERSION, version, wanted_version, advice)


def _property_changes(name: str, existing: IcebergTable, table: Table) -> Iterator[TableChange]:
    """Properties the contract does not name are left alone: other tools keep theirs there."""
    for key, value in table.table_properties.items():
        if key != _FORMAT_VERSION and existing.properties.get(key) != value:
            yield TableChange(name, "set_property", key, existing.properties.get(key), value)
