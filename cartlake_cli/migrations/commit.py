"""Changes a table to match its contract in one commit: schema, partitions, sort order and properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.table import TableProperties
from pyiceberg.table.name_mapping import MappedField, NameMapping
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSortOrderUpdate,
    AssertCurrentSchemaId,
    AssertDefaultSortOrderId,
    AssertDefaultSpecId,
    AssertLastAssignedFieldId,
    AssertLastAssignedPartitionId,
    AssertTableUUID,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetPropertiesUpdate,
)

from cartlake_cli.migrations.changes import properties_of
from cartlake_cli.migrations.target import COLUMNS_PROPERTY, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.table.update import TableRequirement, TableUpdate

    from cartlake.contracts.model import Table
    from cartlake_cli.migrations.target import Target

_CREATED_WITH = "format-version"


def evolve(existing: IcebergTable, table: Table) -> None:
    """Commit all changes at once. Raises CommitFailedException when another commit changed schema or layout since."""
    target = target_of(existing, table)
    updates = (
        *_schema_updates(existing, target),
        *_spec_updates(existing, target),
        *_sort_updates(existing, target),
        *_property_updates(existing, target, table),
    )
    existing.catalog.commit_table(existing, tuple(_unchanged(existing)), updates)


def _unchanged(existing: IcebergTable) -> Iterator[TableRequirement]:
    """Yield the conditions of the commit. New snapshots are allowed: files refer to columns by their ids."""
    metadata = existing.metadata
    yield AssertTableUUID(uuid=metadata.table_uuid)
    yield AssertCurrentSchemaId(current_schema_id=metadata.current_schema_id)
    yield AssertLastAssignedFieldId(last_assigned_field_id=metadata.last_column_id)
    yield AssertDefaultSpecId(default_spec_id=metadata.default_spec_id)
    yield AssertLastAssignedPartitionId(last_assigned_partition_id=metadata.last_partition_id)
    yield AssertDefaultSortOrderId(default_sort_order_id=metadata.default_sort_order_id)


def _schema_updates(existing: IcebergTable, target: Target) -> Iterator[TableUpdate]:
    if existing.schema() == target.schema:
        return
    # Iceberg refuses to add a schema that exists; an earlier one becomes current again instead.
    earlier = next((one.schema_id for one in existing.metadata.schemas if one == target.schema), None)
    if earlier is None:
        yield AddSchemaUpdate(schema_=target.schema)
    # In a commit, -1 is the schema that was added last.
    yield SetCurrentSchemaUpdate(schema_id=-1 if earlier is None else earlier)


def _spec_updates(existing: IcebergTable, target: Target) -> Iterator[TableUpdate]:
    if target.spec.spec_id == existing.metadata.default_spec_id:
        return
    is_new = target.spec.spec_id not in existing.specs()
    if is_new:
        yield AddPartitionSpecUpdate(spec=target.spec)
    yield SetDefaultSpecUpdate(spec_id=-1 if is_new else target.spec.spec_id)


def _sort_updates(existing: IcebergTable, target: Target) -> Iterator[TableUpdate]:
    order = target.sort_order
    if order.order_id == existing.metadata.default_sort_order_id:
        return
    is_new = order.order_id not in existing.sort_orders()
    if is_new:
        yield AddSortOrderUpdate(sort_order=order)
    yield SetDefaultSortOrderUpdate(sort_order_id=-1 if is_new else order.order_id)


def _property_updates(existing: IcebergTable, target: Target, table: Table) -> Iterator[TableUpdate]:
    wanted = properties_of(table) | {COLUMNS_PROPERTY: target.columns_on_record} | _name_mapping(existing, target)
    changed = {name: value for name, value in wanted.items() if existing.properties.get(name) != value}
    # The format version is changed by an upgrade of the table, not by a property.
    changed.pop(_CREATED_WITH, None)
    if changed:
        yield SetPropertiesUpdate(updates=changed)


def _name_mapping(existing: IcebergTable, target: Target) -> dict[str, str]:
    """Return the name mapping extended by new names. Files without field ids are read by it, so it keeps old names."""
    mapping = existing.name_mapping()
    if mapping is None:
        return {}
    names = {field.field_id: field.name for field in target.schema.fields}
    known = [_mapped(field, names) for field in mapping.root]
    new = [MappedField(field_id=number, names=[name]) for number, name in names.items()]
    mapped = {field.field_id for field in known}
    whole = NameMapping([*known, *(field for field in new if field.field_id not in mapped)])
    return {TableProperties.DEFAULT_NAME_MAPPING: whole.model_dump_json()}


def _mapped(field: MappedField, names: dict[int, str]) -> MappedField:
    if field.field_id is None or field.field_id not in names or names[field.field_id] in field.names:
        return field
    return MappedField(field_id=field.field_id, names=[*field.names, names[field.field_id]], fields=field.fields)
