"""Converts Trino types and partition fields to pyiceberg's objects, for tables that statements create."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pyiceberg.partitioning import PartitionField as IcebergPartitionField
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.trino_types import MICROS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from localaws.athena.ddl.text import PartitionField
    from localaws.athena.trino_types import TrinoType

_SCALARS: dict[str, IcebergType] = {
    "boolean": BooleanType(), "tinyint": IntegerType(), "smallint": IntegerType(), "integer": IntegerType(),
    "bigint": LongType(), "real": FloatType(), "double": DoubleType(), "varchar": StringType(), "char": StringType(),
    "varbinary": BinaryType(), "date": DateType(), "time": TimeType(), "timestamp": TimestampType(),
    "timestamp with time zone": TimestamptzType(), "uuid": UUIDType(),
}  # fmt: skip


_TIMES = frozenset({"time", "timestamp", "timestamp with time zone"})
_NOT_STORED = frozenset({"tinyint", "smallint", "char", "json"})


def schema_of(columns: Sequence[tuple[str, TrinoType, str]]) -> Schema:
    """Return the schema of columns given as name, type and comment.

    Raises UnsupportedSqlError for a type that Iceberg does not have.
    """
    # The columns have the ids from 1, nested fields those after them.
    ids = itertools.count(len(columns) + 1)
    return Schema(
        *(
            NestedField(position, name, _iceberg(kind, ids), required=False, doc=comment or None)
            for position, (name, kind, comment) in enumerate(columns, start=1)
        )
    )


def refuse_other_types(kinds: Iterable[TrinoType]) -> None:
    """Raise AthenaError for a type that Athena does not store in a new Iceberg table as it is.

    Iceberg has microseconds, and Athena refuses other timestamps of a query instead of converting them.
    """
    for kind in kinds:
        if kind.name in _TIMES and kind.precision != MICROS:
            what, zone = ("Time", "") if kind.name == "time" else ("Timestamp", kind.name.partition("timestamp")[2])
            message = (
                f'{what} precision ({kind.precision}) not supported for Iceberg. Use "{what.lower()}(6){zone}" instead.'
            )
            raise AthenaError("NOT_SUPPORTED", message)
        if kind.name in _NOT_STORED:
            raise AthenaError("NOT_SUPPORTED", f"Type not supported for Iceberg: {kind}")
        refuse_other_types(kind.args)


def _iceberg(kind: TrinoType, ids: Iterator[int]) -> IcebergType:
    match kind.name:
        case "decimal":
            return DecimalType(kind.precision or 0, kind.scale)
        case "array":
            return ListType(next(ids), _iceberg(kind.element, ids), element_required=False)
        case "map":
            key, value = (_iceberg(part, ids) for part in kind.args)
            return MapType(next(ids), key, next(ids), value, value_required=False)
        case "row":
            parts = zip(kind.storage_fields, kind.args, strict=True)
            return StructType(*(NestedField(next(ids), n, _iceberg(t, ids), required=False) for n, t in parts))
    if kind.name not in _SCALARS:
        raise UnsupportedSqlError(f"Type {kind} in an Iceberg table")
    return _SCALARS[kind.name]


_TRANSFORMS: dict[str, Transform[Any, Any]] = {
    "identity": IdentityTransform(), "year": YearTransform(), "month": MonthTransform(), "day": DayTransform(),
    "hour": HourTransform(),
}  # fmt: skip


def partition_spec(schema: Schema, fields: Sequence[PartitionField]) -> PartitionSpec:
    """Return the partition spec of a schema. Raises AthenaError for a column that does not exist."""
    names = {field.name: field.field_id for field in schema.fields}
    unknown = [field.column for field in fields if field.column not in names]
    if unknown:
        raise AthenaError("COLUMN_NOT_FOUND", f"Partition columns do not exist: {', '.join(unknown)}")
    return PartitionSpec(
        *(
            IcebergPartitionField(
                source_id=names[field.column],
                field_id=1000 + position,  # where Iceberg's ids of partition fields begin
                transform=_transform(field),
                name=field.column if field.transform == "identity" else f"{field.column}_{field.transform}",
            )
            for position, field in enumerate(fields)
        )
    )


def _transform(field: PartitionField) -> Transform[Any, Any]:
    match field.transform:
        case "bucket":
            return BucketTransform(field.width)
        case "truncate":
            return TruncateTransform(field.width)
    return _TRANSFORMS[field.transform]
