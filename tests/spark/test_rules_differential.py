"""Every rule gives the same verdict on Spark and on DuckDB, and the verdict is the right one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import sqlglot
from sqlframe.duckdb import DuckDBSession

from cartlake import contracts
from cartlake.engine import F, using
from glue_jobs.engines.spark.frames import frame
from tests.spark.order_lines import IN_THE_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark

Row = dict[str, Any]

TABLE = contracts.load("transactions").table
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD: Row = IN_THE_TABLE | {"ordered_at": NOW - timedelta(hours=2), "updated_at": NOW - timedelta(hours=1)}
# What is likely to be judged differently: nulls, ends of ranges, line breaks, letters beyond ASCII, large numbers.
TRICKY: dict[str, list[Any]] = {
    "order_id": [None, "", "ORD-00000A17F3\n", "ORD-00000A17F3\r\n", "ORD-00000A17F3\u2028", "ord-00000a17f3", "."],
    "line_number": [None, 0, 1, 500, 501, -1, 2**31 - 1],
    "customer_id": [None, " CUS-0004211", "CUS-0004211 ", "CUS-٠٠٠٤٢١١", "CUS-0004211."],
    "customer_email": [None, "", "ada", "ada@example", "ada@example.org\n", "ä@é.de", "a" * 250 + "@b.de", "😀" * 254],
    "product_id": [None, "PRD-0042", "PRD-00042\x00"],
    "order_status": [None, "PAID", "paid ", "", "unknown"],
    "channel": [None, "fax", "web\t"],
    "payment_method": [None, "cash", "card'"],
    "country_code": [None, "de", "DEU", "D\n", "ÄÖ"],
    "currency": [None, "EURO", "eur"],
    "quantity": [None, 0, 1, 1000, 1001, -5, 2**31 - 1],
    "unit_price": [None, Decimal("-0.01"), Decimal(0), Decimal(1000000), Decimal("9999999999.99")],
    "discount_amount": [None, Decimal("-1.00"), Decimal("39.98"), Decimal("39.99"), Decimal("9999999999.99")],
    "tax_amount": [None, Decimal("-0.01"), Decimal(0), Decimal("9999999999.99")],
    "line_total": [None, Decimal("41.62"), Decimal("41.64"), Decimal("41.65"), Decimal("-41.63")],
    "ordered_at": [
        None,
        NOW + timedelta(minutes=5),
        NOW + timedelta(minutes=5, microseconds=1),
        datetime(2014, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2015, 1, 1, tzinfo=UTC),
    ],
    "updated_at": [None, NOW - timedelta(hours=2), NOW - timedelta(hours=2, microseconds=1), NOW + timedelta(days=1)],
    "_ingested_at": [None],
}


def one_at_a_time() -> list[Row]:
    return [GOOD | {column: value} for column, values in TRICKY.items() for value in values]


def many_at_a_time(count: int) -> list[Row]:
    chance = random.Random(20260301)
    return [
        GOOD | {column: chance.choice(TRICKY[column]) for column in chance.sample(sorted(TRICKY), k=5)}
        for _ in range(count)
    ]


ROWS = [GOOD, *one_at_a_time(), *many_at_a_time(200)]


def verdicts(frame: DataFrame) -> list[frozenset[str]]:
    """The rules each row breaks, in the order of `ROWS`."""
    judged = frame.orderBy("position").select(*(F.expr(rule.broken).alias(rule.name) for rule in TABLE.row_rules))
    return [frozenset(name for name, broken in row.asDict().items() if broken) for row in judged.collect()]


@pytest.fixture(scope="module")
def on_spark(spark: SparkSession) -> DataFrame:
    ddl = f"position int, {contracts.spark_schema_ddl(TABLE)}"
    return frame(spark, [(position, *row.values()) for position, row in enumerate(ROWS)], ddl)


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    types = {"string": "varchar", "timestamp": "timestamptz"}
    columns = ", ".join(f"{column.name} {types.get(column.type, column.type)}" for column in TABLE.columns)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create table rows (position int, {columns})")
        marks = ", ".join("?" * (len(GOOD) + 1))
        connection.executemany(
            f"insert into rows values ({marks})", [(position, *row.values()) for position, row in enumerate(ROWS)]
        )
        yield connection


@pytest.fixture(scope="module")
def spark_verdicts(on_spark: DataFrame) -> list[frozenset[str]]:
    return verdicts(on_spark)


def test_duckdb_agrees_with_spark_on_every_row(
    duck: duckdb.DuckDBPyConnection, spark_verdicts: list[frozenset[str]]
) -> None:
    DuckDBSession().stop()  # SQLFrame keeps one session per process, whatever connection it is given later
    session = DuckDBSession(duck.cursor())
    frame: Any = session.table("rows")
    with using("duckdb"):
        duckdb_verdicts = verdicts(frame)
    session.stop()

    differing = [
        (sorted(left ^ right), {k: v for k, v in row.items() if v != GOOD[k]})
        for left, right, row in zip(spark_verdicts, duckdb_verdicts, ROWS, strict=True)
        if left != right
    ]
    assert differing == []


def test_every_rule_is_broken_by_some_row(spark_verdicts: list[frozenset[str]]) -> None:
    assert frozenset().union(*spark_verdicts) == {rule.name for rule in TABLE.row_rules}


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        pytest.param({}, set(), id="good row"),
        pytest.param({"customer_email": None}, set(), id="optional column"),
        pytest.param({"order_id": None}, {"order_id_required"}, id="null names one fault"),
        pytest.param({"order_id": "ORD-00000A17F3\n"}, {"order_id_matches_pattern"}, id="trailing line break"),
        pytest.param({"customer_email": "ada"}, {"customer_email_looks_like_an_address"}, id="warning"),
        pytest.param(
            {"quantity": None},
            {"quantity_required", "line_total_adds_up", "discount_not_above_price"},
            id="null is a failure",
        ),
        pytest.param({"line_total": Decimal("41.64")}, set(), id="a cent off"),
        pytest.param({"line_total": Decimal("41.65")}, {"line_total_adds_up"}, id="two cents off"),
        pytest.param({"ordered_at": NOW + timedelta(minutes=5)}, {"updated_at_not_before_ordered_at"}, id="slow clock"),
        pytest.param({"updated_at": NOW + timedelta(days=1)}, {"updated_at_not_in_future"}, id="from the future"),
        pytest.param({"_ingested_at": None}, {"ordered_at_not_in_future", "updated_at_not_in_future"}, id="no clock"),
    ],
)
def test_the_verdict_is_the_expected_one(spark_verdicts: list[frozenset[str]], change: Row, broken: set[str]) -> None:
    assert spark_verdicts[ROWS.index(GOOD | change)] == broken


def test_every_measurement_is_the_same_on_both_engines(on_spark: DataFrame, duck: duckdb.DuckDBPyConnection) -> None:
    on_spark.createOrReplaceTempView("rows")
    where = "ordered_at >= timestamp '2026-03-01 00:00:00'"

    measured = {
        rule.name: (
            on_spark.sparkSession.sql(rule.measure_sql("rows", where=where, now=NOW)).collect()[0].value,
            duck.execute(rule.measure_sql("rows", where=where, now=NOW, dialect="duckdb")).fetchone(),
        )
        for rule in TABLE.table_rules
    }

    assert {name: (value,) for name, (value, _) in measured.items()} == {k: v for k, (_, v) in measured.items()}
    assert all(isinstance(value, float) for value, _ in measured.values())


def test_measuring_together_and_alone_is_the_same(on_spark: DataFrame) -> None:
    on_spark.createOrReplaceTempView("rows")
    alone = {
        rule.name: on_spark.sparkSession.sql(rule.measure_sql("rows", now=NOW)).collect()[0].value
        for rule in TABLE.table_rules
    }

    together: dict[str, float] = {}
    for measurement in contracts.measurements(TABLE.table_rules, "rows", now=NOW):
        together |= on_spark.sparkSession.sql(measurement.sql).collect()[0].asDict()

    assert together == alone


def test_of_no_rows_a_share_and_an_age_are_not_good_and_a_count_is_zero(duck: duckdb.DuckDBPyConnection) -> None:
    measured = {
        rule.name: duck.execute(rule.measure_sql("rows", where="false", now=NOW, dialect="duckdb")).fetchone()
        for rule in TABLE.table_rules
    }

    assert measured == {
        "customer_email_mostly_present": (None,),
        "touched_days_have_rows": (0.0,),
        "one_row_per_order_line": (0.0,),
        "one_currency_per_order": (0.0,),
        "batch_is_fresh": (None,),
        "ordered_at_within_sla": (None,),
    }


@pytest.mark.parametrize("rule", TABLE.row_rules, ids=lambda rule: rule.name)
def test_an_expression_translates_to_trino(rule: contracts.RowRule) -> None:
    translated = sqlglot.transpile(rule.broken, read="spark", write="trino", unsupported_level=sqlglot.ErrorLevel.RAISE)

    assert sqlglot.parse_one(translated[0], read="trino").sql("trino") == translated[0]
