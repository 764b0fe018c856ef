"""Schemas of a contract's tables: raw and conformed schemas for Spark; columns, partitions and DDL for Iceberg."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from cartlake.contracts.types import List, Struct, TypeFormatError, parse_type
from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.types import IcebergType

    from cartlake.contracts.model import Column, PartitionField, Table
    from cartlake.contracts.types import Type

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_SPARK_TRANSFORMS = {"year": "years", "month": "months", "day": "days", "hour": "hours"}


def raw_schema(table: Table) -> str:
    """Return Spark DDL of a dropped file: its columns in file order, all strings."""
    return ", ".join(f"{column.name} string" for column in table.file_columns)


def spark_schema_ddl(table: Table, *, added_by_lake: bool = True) -> str:
    """Return Spark DDL of the conformed columns, in order.

    Columns the lake adds are left out when `added_by_lake` is false.
    """
    columns = table.columns if added_by_lake else table.file_columns
    return ", ".join(f"{column.name} {column.type}" for column in columns)


def iceberg_ddl(
    table: Table, *, catalog: str = "glue_catalog", physical_name: str | None = None, location: str | None = None
) -> str:
    """Return Spark SQL that creates the Iceberg table if it is missing.

    For tests and notebooks: `lake tables apply` creates and changes the tables of an environment.
    """
    columns = ",\n".join(f"  {_column_ddl(column)}" for column in table.columns)
    partitions = ", ".join(_partition_ddl(part) for part in table.partitioning)
    properties = ", ".join(f"'{key}'='{value}'" for key, value in table.table_properties.items())
    name = f"{catalog}.{physical_name or table.physical_name}"
    return "\n".join(
        [
            f"create table if not exists {name} (\n{columns}\n) using iceberg",
            *([f"partitioned by ({partitions})"] if partitions else []),
            *([f"location '{location}'"] if location else []),
            f"tblproperties ({properties})",
        ]
    )


def iceberg_schema(table: Table) -> Schema:
    """Return the pyiceberg schema: field ids by position from 1, descriptions, the primary key as identifier fields.

    Only key columns are NOT NULL in the table. Other required columns have a row rule instead, so that rows accepted
    earlier can be rewritten, and a rule can change its severity without a new table.
    """
    from pyiceberg.schema import Schema  # noqa: PLC0415 - a slow import that most readers of a contract never need
    from pyiceberg.types import NestedField  # noqa: PLC0415

    # Ids of fields and elements follow those of all columns, so that a column has its position as its id.
    element_ids = count(len(table.columns) + 1)
    fields = [
        NestedField(
            field_id=number,
            name=column.name,
            field_type=iceberg_type(column.type, lambda: next(element_ids)),
            required=column.primary_key,
            doc=column.description or None,
        )
        for number, column in enumerate(table.columns, start=1)
    ]
    keys = [field.field_id for field in fields if field.name in table.primary_key]
    return Schema(*fields, identifier_field_ids=keys)


def iceberg_partition_spec(table: Table, schema: Schema) -> PartitionSpec:
    """Return the partition spec for `schema`, with its field ids. Field names follow Spark: `ordered_at_day`."""
    from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec  # noqa: PLC0415
    from pyiceberg.transforms import parse_transform  # noqa: PLC0415

    return PartitionSpec(
        *(
            PartitionField(
                source_id=schema.find_field(part.column).field_id,
                field_id=PARTITION_FIELD_ID_START + position,
                transform=parse_transform(part.transform),
                name=partition_name(part),
            )
            for position, part in enumerate(table.partitioning)
        )
    )


def partition_name(part: PartitionField) -> str:
    """Return the name that Spark gives the partition field: `ordered_at_day`, or the column's name for `identity`."""
    kind = part.transform.partition("[")[0]
    return part.column if kind == "identity" else f"{part.column}_{kind}"


def iceberg_type(name: str, next_id: Callable[[], int]) -> IcebergType:
    """Return the Iceberg type of a column type. Raises TerminalError for an unknown one.

    `next_id` returns the field ids of the parts of nested types: of fields in order, and of elements.
    """
    try:
        return _iceberg_type(parse_type(name), next_id)
    except TypeFormatError as error:
        raise TerminalError(f"{name}: no Iceberg type for this column type: {error}") from error


def _iceberg_type(kind: Type, next_id: Callable[[], int]) -> IcebergType:
    from pyiceberg import types  # noqa: PLC0415

    if isinstance(kind, List):
        element = _iceberg_type(kind.element, next_id)
        return types.ListType(element_id=next_id(), element_type=element, element_required=False)
    if isinstance(kind, Struct):
        parts = [(name, _iceberg_type(part, next_id)) for name, part in kind.fields]
        return types.StructType(*(types.NestedField(next_id(), name, part, required=False) for name, part in parts))
    if match := _DECIMAL.fullmatch(kind.name):
        return types.DecimalType(int(match[1]), int(match[2]))
    plain = {
        "string": types.StringType,
        "int": types.IntegerType,
        "bigint": types.LongType,
        "float": types.FloatType,
        "double": types.DoubleType,
        "boolean": types.BooleanType,
        "date": types.DateType,
        "timestamp": types.TimestamptzType,
    }
    return plain[kind.name]()


def _column_ddl(column: Column) -> str:
    not_null = " not null" if column.primary_key else ""
    # Spark reads a backslash in a string as an escape.
    comment = column.description.replace("\\", "\\\\").replace("'", "\\'")
    return f"{column.name} {column.type}{not_null}" + (f" comment '{comment}'" if comment else "")


def _partition_ddl(part: PartitionField) -> str:
    kind, _, buckets = part.transform.rstrip("]").partition("[")
    if kind == "identity":
        return part.column
    return f"bucket({buckets}, {part.column})" if buckets else f"{_SPARK_TRANSFORMS[kind]}({part.column})"
