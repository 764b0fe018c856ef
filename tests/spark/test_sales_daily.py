"""The mart sales_daily: its sums on Spark and on DuckDB, and the job on real Iceberg tables."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import boto3
import pytest
from moto import mock_aws

from cartlake import contracts
from cartlake.aws import client
from cartlake.runs import EtlReport, MartsReport, RowCounts
from glue_jobs.curated_marts.main import main
from glue_jobs.curated_marts.transforms import sales_daily
from tests.spark.order_lines import IN_THE_TABLE

pytestmark = pytest.mark.spark

LINES = contracts.load("transactions").table
MART = contracts.load("sales_daily").table
NAME = "glue_catalog.curated.sales_daily"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINE = IN_THE_TABLE | {
    "customer_email": None,
    "unit_price": Decimal("20.00"),
    "line_total": Decimal("41.65"),
    "ordered_at": datetime(2026, 2, 27, 23, 59, 59, 999999, tzinfo=UTC),
    "updated_at": NOW,
}


def line(**changes):
    return tuple((LINE | changes).values())


def mart(frame, *lines):
    rows = sales_daily(frame(lines, contracts.spark_schema_ddl(LINES)), "run-2", NOW)
    return rows, [row.asDict() for row in rows.collect()]


def test_a_group_is_summed_without_its_cancelled_lines(frame):
    _, [row] = mart(
        frame,
        line(),
        line(line_number=2, quantity=1, order_status="refunded"),
        line(order_id="ORD-0000000002", order_status="shipped"),
        line(order_id="ORD-0000000003", order_status="cancelled", customer_id="CUS-0000001"),
    )

    counts = {name: row[name] for name in ("orders", "order_lines", "units", "customers")}
    assert counts == {"orders": 2, "order_lines": 3, "units": 5, "customers": 1}
    assert (row["cancelled_lines"], row["refunded_lines"]) == (1, 1)
    money = ("gross_revenue", "discounts", "taxes", "net_revenue")
    assert [Decimal(str(row[name])) for name in money] == [100, 15, Decimal("19.95"), 85]
    assert (row["order_date"], row["_run_id"]) == (date(2026, 2, 27), "run-2")


def test_currencies_countries_channels_and_days_are_never_added_up(frame):
    others = [
        line(currency="USD"),
        line(country_code="SE"),
        line(channel="store"),
        line(ordered_at=datetime(2026, 2, 28, tzinfo=UTC)),
    ]

    _, rows = mart(frame, line(), *others)

    assert [row["orders"] for row in rows] == [1] * 5


def test_a_group_of_only_cancelled_lines_has_zeros(frame):
    _, [row] = mart(frame, line(order_status="cancelled"))

    assert (row["orders"], row["units"], row["customers"], row["cancelled_lines"]) == (0, 0, 0, 1)
    assert (row["gross_revenue"], row["net_revenue"]) == (0, 0)


def test_the_mart_has_the_columns_and_types_of_its_contract(frame):
    rows, _ = mart(frame, line())

    types = {field.name: field.dataType.simpleString().replace(", ", ",") for field in rows.schema}
    assert types == {column.name: column.type for column in MART.columns}


@pytest.fixture
def run(spark, tables, monkeypatch):
    """Writes lines to processed.transactions and recomputes days of the mart."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")

    def recompute(run_id, days):
        report = EtlReport(
            run_id=run_id,
            dataset="transactions",
            table="processed.transactions",
            branch="",
            snapshot_id=None,
            base_snapshot_id=None,
            rows=RowCounts(read=0, published=0, quarantined=0, duplicate=0),
            files=[],
            touched_days=days,
            started_at="",
            ended_at="",
        )
        s3 = client("s3")
        s3.put_object(Bucket="artifacts", Key="etl.json", Body=report.model_dump_json().encode())
        main(
            f"--run_id {run_id} --dataset transactions --manifest_uri s3://artifacts/manifest.json "
            "--source_report_uri s3://artifacts/etl.json --report_uri s3://artifacts/marts.json".split()
        )
        return MartsReport.model_validate_json(s3.get_object(Bucket="artifacts", Key="marts.json")["Body"].read())

    with mock_aws():
        client.cache_clear()
        boto3.client("s3").create_bucket(Bucket="artifacts")
        yield recompute
    client.cache_clear()


def put(spark, *lines):
    name = "glue_catalog.processed.transactions"
    spark.createDataFrame(lines, contracts.spark_schema_ddl(LINES)).writeTo(name).append()
    return name


def days_of_runs(spark):
    return Counter((str(row.order_date), row._run_id) for row in spark.table(NAME).collect())


def test_only_the_touched_days_are_recomputed(spark, run):
    put(spark, line(), line(ordered_at=datetime(2026, 2, 20, tzinfo=UTC)), line(order_id="x", channel="store"))
    run("run-1", ["2026-02-20", "2026-02-27"])

    report = run("run-2", ["2026-02-27"])

    assert days_of_runs(spark) == {("2026-02-20", "run-1"): 1, ("2026-02-27", "run-2"): 2}
    [written] = report.marts
    assert (written.table, written.days, written.rows_written) == ("curated.sales_daily", 1, 2)
    assert written.snapshot_id == str(spark.table(f"{NAME}.refs").first().snapshot_id)


def test_a_repeated_run_changes_no_sum(spark, run):
    put(spark, line(), line(line_number=2))
    run("run-1", ["2026-02-27"])
    before = spark.table(NAME).drop("_updated_at").collect()

    run("run-1", ["2026-02-27"])

    assert spark.table(NAME).drop("_updated_at").collect() == before


def test_groups_and_days_whose_lines_are_gone_disappear(spark, run):
    name = put(spark, line(), line(order_id="x", channel="store"), line(ordered_at=datetime(2026, 2, 20, tzinfo=UTC)))
    run("run-1", ["2026-02-20", "2026-02-27"])
    spark.sql(f"delete from {name} where channel = 'store' or ordered_at < timestamp '2026-02-21'")

    run("run-2", ["2026-02-20", "2026-02-27"])

    assert days_of_runs(spark) == {("2026-02-27", "run-2"): 1}


def test_a_run_that_touched_no_day_writes_nothing(spark, run):
    put(spark, line())

    [written] = run("run-1", []).marts

    assert (written.days, written.rows_written, written.snapshot_id) == (0, 0, None)
