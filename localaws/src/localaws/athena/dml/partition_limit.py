"""The limit of Athena on the partitions that one statement writes.

https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from localaws.athena.catalog.files import MAX_PARTITIONS
from localaws.athena.errors import AthenaError

if TYPE_CHECKING:
    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.schema import Schema


def check(rows: pa.Table, schema: Schema, spec: PartitionSpec) -> None:
    """Raise AthenaError ICEBERG_TOO_MANY_OPEN_PARTITIONS for rows of more than 100 partitions of an Iceberg table."""
    if not spec.fields or rows.num_rows <= MAX_PARTITIONS:
        return
    values = {}
    for field in spec.fields:
        source = schema.find_field(field.source_id)
        column = rows.column(schema.find_column_name(field.source_id)).combine_chunks()
        values[field.name] = field.transform.pyarrow_transform(source.field_type)(column)
    if pa.table(values).group_by(list(values)).aggregate([]).num_rows > MAX_PARTITIONS:
        message = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions. Write fewer in one statement."
        raise AthenaError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", message)
