"""Compares an Iceberg table with its contract: which changes it needs, their effect on old rows, what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from cartlake.contracts.model import CURRENCY_PROPERTY, VERSION_PROPERTY
from cartlake_cli.migrations.nested_types import part_changes, type_text
from cartlake_cli.migrations.target import COLUMNS_PROPERTY, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.table.sorting import SortOrder
    from pyiceberg.types import NestedField

    from cartlake.contracts.model import Table
    from cartlake_cli.migrations.nested_types import PartChange
    from cartlake_cli.migrations.target import ColumnMatch, Target

Action = Literal[
    "create",
    "add_column",
    "restore_column",
    "rename_column",
    "drop_column",
    "promote_type",
    "add_field",
    "drop_field",
    "make_optional",
    "update_doc",
    "reorder_columns",
    "change_partitions",
    "change_sort_order",
    "set_property",
    "sync_catalog",
    "foreign_column",
    "refuse",
]

# Used only when a table is created; afterwards the version is a field of the metadata, not a property.
_FORMAT_VERSION: Final = "format-version"

_FIRST_CURRENCY: Final = "EUR"
"""What amounts are in where a table records no currency: it was made before contracts named one."""
_REBUILT: Final = "the table is rebuilt, and all that is built from it"

_OLD_DATA: Final[dict[str, str]] = {
    "add_column": "old rows read null",
    "restore_column": "rows written before it was dropped have their values again, later rows read null",
    "rename_column": "no file is changed: values belong to the column's id, and are read under the new name",
    "drop_column": "files keep the values, but only queries `for version as of` an earlier snapshot read them",
    "promote_type": "no file is changed: old values are widened when they are read",
    "add_field": "old rows read null in it",
    "drop_field": "files keep the values, but only queries `for version as of` an earlier snapshot read them",
    "make_optional": "no file is changed: old rows have a value",
    "reorder_columns": "no file is changed: `select *` lists columns in the new order",
    "change_partitions": "old files keep their partitions until they are rewritten; new files get the new ones",
    "change_sort_order": "old files keep the order of their rows until they are rewritten; new files are sorted",
}


@dataclass(frozen=True, slots=True)
class TableChange:
    """One change that a table needs to match its contract. `target` is a column or property, "" for the table."""

    table: str
    action: Action
    target: str = ""
    before: str | None = None
    after: str | None = None
    advice: str = ""
    is_breaking: bool = field(default=False, compare=False)

    @property
    def old_data(self) -> str:
        """Return the effect on rows that were written before; empty when the change does not concern rows."""
        return _OLD_DATA.get(self.action, "")

    @property
    def is_drift(self) -> bool:
        """Return whether the change is only reported, and `apply` does not make it."""
        return self.action == "foreign_column"

    @property
    def is_other_currency(self) -> bool:
        """Return whether the rows of the table have amounts in another reporting currency than it will have."""
        found = self.before or _FIRST_CURRENCY
        return (self.action, self.target) == ("set_property", CURRENCY_PROPERTY) and found != self.after

    def __str__(self) -> str:
        name = f"{self.table}.{self.target}" if self.target else self.table
        change = "" if self.before is None and self.after is None else f": {self.before} → {self.after}"
        return f"{self.action} {name}{change}" + (f" ({self.advice})" if self.advice else "")


def table_changes(name: str, existing: IcebergTable, table: Table) -> list[TableChange]:
    """Return the changes that `existing`, called `name` in messages, needs to match `table` of the contract."""
    target = target_of(existing, table)
    changes = [
        *_version_refusals(name, existing, table),
        *_column_changes(name, target),
        *_key_refusals(name, existing.schema(), target, table),
        *_dropped(name, existing, target),
        *_foreign(name, target),
        *_order_of_columns(name, existing.schema(), target),
        *_layout_changes(name, existing, target),
        *_property_changes(name, existing, table),
    ]
    changes = [_allowed(change, existing, table) for change in changes]
    return changes or list(_bookkeeping(name, existing, target))


def _version_refusals(name: str, existing: IcebergTable, table: Table) -> Iterator[TableChange]:
    made_for = existing.properties.get(VERSION_PROPERTY)
    # An old checkout would undo what the newer contract has changed.
    if made_for is not None and _numbers(made_for) > _numbers(table.version):
        advice = "the table was created for a newer contract: use a newer checkout, or raise the version above it"
        yield TableChange(name, "refuse", VERSION_PROPERTY, made_for, table.version, advice)
    version, wanted = str(existing.format_version), table.table_properties.get(_FORMAT_VERSION, "2")
    if version != wanted:
        advice = "upgrade the table by hand once every engine that reads it supports the version"
        yield TableChange(name, "refuse", _FORMAT_VERSION, version, wanted, advice)


def _allowed(change: TableChange, existing: IcebergTable, table: Table) -> TableChange:
    """Return the change, or its refusal when it breaks readers and the major version of the contract was not raised."""
    if not change.is_breaking:
        return change
    made_for = existing.properties.get(VERSION_PROPERTY)
    if made_for is not None and _numbers(table.version)[0] > _numbers(made_for)[0]:
        return change
    if made_for is None:
        advice = "first apply the contract without this change: the table does not record its version yet"
    else:
        wanted = f"{_numbers(made_for)[0] + 1}.0.0"
        advice = f"it breaks readers, and the table has version {made_for}: raise the contract's version to {wanted}"
    words = "; ".join(part for part in (f"{change.action.partition('_')[0]}: {advice}", change.advice) if part)
    return TableChange(change.table, "refuse", change.target, change.before, change.after, words)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit()) or (0,)


def _column_changes(name: str, target: Target) -> Iterator[TableChange]:
    for match in target.columns:
        column = match.new.name
        if match.old is None:
            yield _addition(name, match)
            continue
        if match.old.name != column:
            yield _rename(name, match)
        yield from (
            _type_change(name, change) for change in part_changes(match.old.field_type, match.wanted_type, column)
        )
        if match.old.required and not match.new.required:
            yield TableChange(name, "make_optional", column, "required", "optional", "readers may see nulls")
        if (match.old.doc or "") != (match.new.doc or ""):
            yield TableChange(name, "update_doc", column, match.old.doc, match.new.doc)


def _type_change(name: str, change: PartChange) -> TableChange:
    before, after = (None if one is None else type_text(one) for one in (change.before, change.after))
    if change.before is None:
        return TableChange(name, "add_field", change.path, None, after)
    if change.after is None:
        return TableChange(name, "drop_field", change.path, before, None, is_breaking=True)
    if change.fits:
        return TableChange(name, "promote_type", change.path, before, after)
    advice = (
        "Iceberg only widens: int → bigint, float → double, decimal to more digits; add a new column beside "
        f"it and fill it by `lake backfill` or `lake recompute {name}`, or make a new table"
    )
    return TableChange(name, "refuse", change.path, before, after, advice)


def _addition(name: str, match: ColumnMatch) -> TableChange:
    column, kind = match.new.name, type_text(match.new.field_type)
    if match.is_restored:
        return TableChange(
            name, "restore_column", column, None, kind, "it was dropped outside of Cartlake, and the contract has it"
        )
    if match.new.required:
        advice = (
            "existing rows have no value for it, so a column of the primary key cannot be added: "
            "make a new table and load it again"
        )
        return TableChange(name, "refuse", column, None, kind, advice)
    return TableChange(name, "add_column", column, None, kind)


def _rename(name: str, match: ColumnMatch) -> TableChange:
    old, new = match.old.name if match.old else "", match.new.name
    if match.known_as == new:
        return TableChange(
            name, "rename_column", new, old, new, "it was renamed outside of Cartlake; this is its name in the contract"
        )
    return TableChange(name, "rename_column", new, old, new, is_breaking=True)


def _key_refusals(name: str, schema: Schema, target: Target, table: Table) -> Iterator[TableChange]:
    keys = set(schema.identifier_field_ids)
    wanted = {match.new.field_id for match in target.columns if match.new.name in table.primary_key}
    if keys != wanted:
        before = ", ".join(sorted(schema.identifier_field_names()))
        advice = "the primary key is what rows are merged by; make a new table and load it again"
        yield TableChange(name, "refuse", "", before, ", ".join(sorted(table.primary_key)), advice)


def _dropped(name: str, existing: IcebergTable, target: Target) -> Iterator[TableChange]:
    by_partition = {part.source_id for spec in existing.specs().values() for part in spec.fields}
    added = [match.new for match in target.columns if match.old is None and not match.is_restored]
    for gone in target.dropped:
        kind = type_text(gone.field_type)
        if gone.field_id in by_partition:
            advice = "files are partitioned by it, and cannot be read without it; keep it in the contract"
            yield TableChange(name, "refuse", gone.name, kind, None, advice)
        else:
            yield TableChange(name, "drop_column", gone.name, kind, None, _maybe_renamed(gone, added), is_breaking=True)


def _maybe_renamed(gone: NestedField, added: list[NestedField]) -> str:
    alike = [column.name for column in added if type_text(column.field_type) == type_text(gone.field_type)]
    if not alike:
        return ""
    return f"if {' or '.join(alike)} is its new name, add `cartlake.renamedFrom: {gone.name}` to that column"


def _foreign(name: str, target: Target) -> Iterator[TableChange]:
    ours = {match.new.name for match in target.columns}
    for column in target.foreign:
        kind = type_text(column.field_type)
        if column.name in ours:
            advice = "a column of this name was added outside of Cartlake; drop it in Athena: alter table … drop column"
            yield TableChange(name, "refuse", column.name, kind, None, advice)
            continue
        advice = (
            "no contract has it, so it is not changed: add it to the contract to keep it, "
            f"or drop it in Athena: alter table {name} drop column {column.name}"
        )
        yield TableChange(name, "foreign_column", column.name, kind, None, advice)


def _order_of_columns(name: str, schema: Schema, target: Target) -> Iterator[TableChange]:
    """Yield a change when existing columns have another order in the contract. Adding columns is no reorder."""
    stay = {match.new.field_id: match.new.name for match in target.columns if match.old is not None}
    before = [column.field_id for column in schema.fields if column.field_id in stay]
    after = list(stay)
    if before != after:
        yield TableChange(
            name, "reorder_columns", "", ", ".join(stay[n] for n in before), ", ".join(stay[n] for n in after)
        )


def _layout_changes(name: str, existing: IcebergTable, target: Target) -> Iterator[TableChange]:
    if list(existing.spec().fields) != list(target.spec.fields):
        before, after = _layout(existing.spec(), existing.schema()), _layout(target.spec, target.schema)
        if before == after:  # only the names of the fields differ
            before, after = (", ".join(part.name for part in spec.fields) for spec in (existing.spec(), target.spec))
        yield TableChange(name, "change_partitions", "", before or "nothing", after or "nothing")
    if existing.sort_order().fields != target.sort_order.fields:
        before = _sorting(existing.sort_order(), existing.schema())
        after = _sorting(target.sort_order, target.schema)
        yield TableChange(name, "change_sort_order", "", before or "nothing", after or "nothing")


def _layout(spec: PartitionSpec, schema: Schema) -> str:
    return ", ".join(f"{part.transform}({schema.find_column_name(part.source_id)})" for part in spec.fields)


def _sorting(order: SortOrder, schema: Schema) -> str:
    parts = [(schema.find_column_name(one.source_id), one) for one in order.fields]
    return ", ".join(f"{column} {one.direction.value} {one.null_order.value}" for column, one in parts)


def _property_changes(name: str, existing: IcebergTable, table: Table) -> Iterator[TableChange]:
    """Yield changes of the contract's properties. Others are not changed: they may belong to other tools."""
    for key, value in properties_of(table).items():
        before = existing.properties.get(key)
        if key != _FORMAT_VERSION and before != value:
            change = TableChange(name, "set_property", key, before, value)
            yield replace(change, advice=_REBUILT) if change.is_other_currency else change


def properties_of(table: Table) -> dict[str, str]:
    """Return the contract's properties, and its description under the names that Spark and pyiceberg write to Glue."""
    said = {"comment": table.description, "Description": table.description} if table.description else {}
    return said | table.table_properties


def _bookkeeping(name: str, existing: IcebergTable, target: Target) -> Iterator[TableChange]:
    """Yield the change of the columns on record where no other change is made; any other change writes them too."""
    if existing.properties.get(COLUMNS_PROPERTY) != target.columns_on_record:
        before = existing.properties.get(COLUMNS_PROPERTY)
        yield TableChange(name, "set_property", COLUMNS_PROPERTY, before, target.columns_on_record)
