"""A few rows of Python as a frame, without a Python worker.

PySpark's `createDataFrame` sends rows through a Python process each time the frame is computed: a second to start one,
and a hundredth each time after that. Here they are one JSON text that the JVM reads.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructType, _parse_datatype_string

_ROWS: Final = "rows"


def frame(spark: SparkSession, rows: Sequence[Sequence[object]], schema: str) -> DataFrame:
    """Return a frame of the rows, whose values are in the order of `schema`: names and types as in SQL's DDL.

    Raises Spark's SparkException, when the frame is computed, for a value that is not of its column's type.
    """
    kind = _parse_datatype_string(schema)
    assert isinstance(kind, StructType)  # noqa: S101 - what columns make
    text = json.dumps([dict(zip(kind.names, row, strict=True)) for row in rows], default=_written)
    parsed = F.from_json(F.lit(text), ArrayType(kind), {"mode": "FAILFAST"}).alias(_ROWS)
    return spark.range(1).select(parsed).select(F.inline(_ROWS))


def _written(value: object) -> str:
    """Values that JSON has no type for, as Spark reads them from a text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} cannot be a value of a frame")
