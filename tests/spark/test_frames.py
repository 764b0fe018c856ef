"""Frames of a few rows, made without a Python worker."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from py4j.protocol import Py4JJavaError

from glue_jobs.engines.spark.frames import frame

pytestmark = pytest.mark.spark

SCHEMA = (
    "number int, large bigint, amount decimal(18,2), ratio double, flag boolean, day date, moment timestamp, "
    "text string, tags array<string>"
)
NOON, LATE = datetime(2026, 2, 27, 12, 0, 0, 1, UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
ROWS = [
    (
        1,
        2**62,
        Decimal("-12345678901234.56"),
        1e300,
        True,
        date(1, 1, 1),
        datetime(2026, 2, 27, 12, 0, 0, 1, UTC),
        "",
        [],
    ),
    (-1, -5, Decimal("0.01"), 0.1, False, date(9999, 12, 31), LATE, "a", ["x", None]),
    (None,) * 9,
    (0, 0, Decimal(1), -0.0, None, None, datetime(1900, 1, 1, tzinfo=UTC), '"\x00\n\u2028é\\', None),
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], []], ids=["many", "one", "none"])
def test_a_frame_has_the_rows_and_types_that_pyspark_makes_of_them(spark, rows):
    made, usual = frame(spark, rows, SCHEMA), spark.createDataFrame(rows, SCHEMA)

    assert made.schema.simpleString() == usual.schema.simpleString()
    assert made.collect() == usual.collect()


@pytest.mark.parametrize(("value", "kind"), [("x", "int"), ("1.234", "date"), ("12,5", "decimal(4,2)"), (1.5, "int")])
def test_a_value_that_is_not_of_its_type_is_an_error_and_never_null(spark, value, kind):
    with pytest.raises(Py4JJavaError, match="MALFORMED_RECORD_IN_PARSING"):
        frame(spark, [(value,)], f"value {kind}").collect()


def test_a_value_of_an_unknown_type_is_refused(spark):
    with pytest.raises(TypeError, match="cannot be a value of a frame"):
        frame(spark, [(object(),)], "value string")
