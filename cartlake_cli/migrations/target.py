"""The schema, partitions and sort order that a table should have by its contract, with the column ids it has now.

A property of the table records which column of the contract has which id, so columns keep their ids when they are
renamed, by Cartlake or by another tool. A column that no contract ever had belongs to another tool and is not changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import IdentityTransform, parse_transform
from pyiceberg.types import NestedField

from cartlake.contracts.schemas import iceberg_type, partition_name
from cartlake_cli.migrations.nested_types import merged, promotes, type_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.types import IcebergType

    from cartlake.contracts.model import Column, Table

COLUMNS_PROPERTY: Final = "cartlake.columns"
"""Table property: `1:order_id,2:line_number,…`, the id of each column and its name in the contract."""


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """One column of the contract: `old` as the table has it, `new` as it should be, with the same id.

    `old` is None for a column the table does not have. `known_as` is its name in the contract the table was created
    for; None when that contract had no such column.
    """

    new: NestedField
    old: NestedField | None
    known_as: str | None
    wanted_type: IcebergType
    is_restored: bool = False

    @property
    def type_fits(self) -> bool:
        """Return whether the column has, or can be widened to, the type of the contract."""
        return type_text(self.new.field_type) == type_text(self.wanted_type)


@dataclass(frozen=True, slots=True)
class Target:
    """What a table should be. `dropped` are columns the contract had before, `foreign` those it never had."""

    columns: tuple[ColumnMatch, ...]
    dropped: tuple[NestedField, ...]
    foreign: tuple[NestedField, ...]
    schema: Schema
    spec: PartitionSpec
    sort_order: SortOrder

    @property
    def columns_on_record(self) -> str:
        """Return the value of COLUMNS_PROPERTY."""
        return write_record({match.new.field_id: match.new.name for match in self.columns})


def target_of(existing: IcebergTable, table: Table) -> Target:
    """Return what `existing` should be by `table` of the contract."""
    matches = tuple(_matches(existing, table))
    taken = {match.new.field_id for match in matches}
    record = columns_on_record(existing)
    others = [field for field in existing.schema().fields if field.field_id not in taken]
    dropped = tuple(field for field in others if field.field_id in record)
    foreign = tuple(field for field in others if field.field_id not in record)
    keys = [match.new.field_id for match in matches if match.new.name in table.primary_key and match.new.required]
    fields = [*(match.new for match in matches), *foreign]
    schema_id = 1 + max(schema.schema_id for schema in existing.metadata.schemas)
    schema = Schema(*fields, schema_id=schema_id, identifier_field_ids=keys)
    ids = {match.new.name: match.new.field_id for match in matches}
    spec, order = _spec(existing, table, ids), _sort_order(existing, table, ids)
    return Target(matches, dropped, foreign, schema, spec, order)


def columns_on_record(existing: IcebergTable) -> dict[int, str]:
    """Return the names that the contract gives to columns, by their ids in the table.

    A table without the property was created by an older release: the columns of its first schema are the contract's.
    """
    said = existing.properties.get(COLUMNS_PROPERTY)
    if said is not None:
        return {int(number): name for number, _, name in (part.partition(":") for part in said.split(",") if part)}
    first = min(existing.metadata.schemas, key=lambda schema: schema.schema_id)
    return {field.field_id: field.name for field in first.fields}


def write_record(columns: dict[int, str]) -> str:
    """Return names of columns by their ids as a value of COLUMNS_PROPERTY."""
    return ",".join(f"{number}:{name}" for number, name in sorted(columns.items()))


def _matches(existing: IcebergTable, table: Table) -> Iterator[ColumnMatch]:
    record = columns_on_record(existing)
    fields = existing.schema().fields
    ours = {record[field.field_id]: field for field in fields if field.field_id in record}
    theirs = {field.name: field for field in fields if field.field_id not in record}
    lost = _dropped_by_hand(existing, record)
    # Never an id that was used before: old files may have values under it.
    next_id = count(existing.metadata.last_column_id + 1)
    for column in table.columns:
        wanted = iceberg_type(column.type, lambda: next(next_id))
        known_as = next((name for name in (column.name, *column.renamed_from) if name in ours), None)
        old = ours[known_as] if known_as else theirs.get(column.name)
        if old is not None:
            yield ColumnMatch(_as_wanted(old, column, wanted), old, known_as, wanted)
        elif column.name in lost and promotes(lost[column.name].field_type, wanted):
            restored = _as_wanted(lost[column.name], column, wanted)
            yield ColumnMatch(restored, None, column.name, wanted, is_restored=True)
        else:
            number = next(next_id)
            field = NestedField(
                number, column.name, wanted, required=column.primary_key, doc=column.description or None
            )
            yield ColumnMatch(field, None, None, wanted)


def _dropped_by_hand(existing: IcebergTable, record: dict[int, str]) -> dict[str, NestedField]:
    """Return recorded columns that the table does not have any more, as in the newest schema that had them."""
    present = {field.field_id for field in existing.schema().fields}
    newest_last = sorted(existing.metadata.schemas, key=lambda schema: schema.schema_id)
    every = {field.field_id: field for schema in newest_last for field in schema.fields}
    return {name: every[number] for number, name in record.items() if number not in present and number in every}


def _as_wanted(old: NestedField, column: Column, wanted: IcebergType) -> NestedField:
    """Return the column with its id. A type that cannot be widened to the wanted one stays, and the plan refuses it."""
    kind = merged(old.field_type, wanted) if promotes(old.field_type, wanted) else old.field_type
    required = old.required and column.primary_key
    return NestedField(old.field_id, column.name, kind, required=required, doc=column.description or None)


def _spec(existing: IcebergTable, table: Table, ids: dict[str, int]) -> PartitionSpec:
    known = [field for spec in existing.specs().values() for field in spec.fields]
    next_id = count(1 + max([existing.metadata.last_partition_id or 0, PARTITION_FIELD_ID_START - 1]))
    fields = []
    for part in table.partitioning:
        source, transform = ids[part.column], parse_transform(part.transform)
        earlier = next((f for f in known if f.source_id == source and f.transform == transform), None)
        name, number = partition_name(part), earlier.field_id if earlier else next(next_id)
        # `bucket[8]` after `bucket[16]`: metadata tables have a column for each field there ever was.
        if any(field.name == name and field.field_id != number for field in known):
            name = f"{name}_{part.transform.partition('[')[2].rstrip(']') or number}"
        fields.append(PartitionField(source, number, transform, name))
    specs = existing.specs().values()
    same = next((spec.spec_id for spec in specs if list(spec.fields) == fields), None)
    return PartitionSpec(*fields, spec_id=1 + max(spec.spec_id for spec in specs) if same is None else same)


def _sort_order(existing: IcebergTable, table: Table, ids: dict[str, int]) -> SortOrder:
    fields = _sort_fields(table, ids) if table.sort_order is not None else _fields_kept(existing, ids.values())
    if not fields:
        return SortOrder(order_id=0)
    same = next((order.order_id for order in existing.metadata.sort_orders if order.fields == fields), None)
    newest = max(order.order_id for order in existing.metadata.sort_orders)
    return SortOrder(*fields, order_id=newest + 1 if same is None else same)


def sort_order_of(table: Table, schema: Schema) -> SortOrder:
    """Return the sort order of a new table with `schema`."""
    fields = _sort_fields(table, {field.name: field.field_id for field in schema.fields})
    return SortOrder(*fields, order_id=1 if fields else 0)


def _sort_fields(table: Table, ids: dict[str, int]) -> list[SortField]:
    return [
        SortField(ids[field.column], IdentityTransform(), SortDirection(field.direction), _NULLS[field.nulls])
        for field in table.sort_order or ()
    ]


def _fields_kept(existing: IcebergTable, ids: Iterable[int]) -> list[SortField]:
    """Return the sort order the table has, for a contract without one; none if a column of it is dropped."""
    fields = existing.sort_order().fields
    record = columns_on_record(existing)
    foreign = {field.field_id for field in existing.schema().fields if field.field_id not in record}
    kept = foreign | set(ids)
    return fields if all(field.source_id in kept for field in fields) else []


_NULLS: Final = {"first": NullOrder.NULLS_FIRST, "last": NullOrder.NULLS_LAST}
