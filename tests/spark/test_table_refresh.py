"""table_refresh on real Iceberg tables: what is stale is rebuilt, the rest stays, and broken rows are not written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import boto3
import pytest
from moto import mock_aws
from pyspark.sql import functions as F

from cartlake import contracts
from cartlake.aws import client
from cartlake.days import of_days
from cartlake.errors import TerminalError
from cartlake.runs import RefreshPlan, RefreshReport
from cartlake.staleness import WHOLE, Graph, Scope, StaleTable
from glue_jobs.table_refresh import building
from glue_jobs.table_refresh.main import RefreshError, main
from tests.spark.order_lines import IN_THE_TABLE

pytestmark = pytest.mark.spark

GRAPH = Graph.of(contracts.load_all())
SALES = ["processed.order_lines", "curated.fct_orders", "curated.sales_daily", "curated.sales_weekly"]
FEBRUARY, MARCH = date(2026, 2, 27), date(2026, 3, 2)


def on(*days):
    return Scope(days=of_days(days))


def arguments(run_id, plan):
    places = f"--plan_uri s3://artifacts/{plan} --report_uri s3://artifacts/refresh.json"
    return f"--run_id {run_id} --dataset refresh {places} --JOB_NAME refresh".split()


class Lake:
    """Writes rows to source tables, and runs the job over plans."""

    def __init__(self, spark):
        self.spark = spark
        self.runs = 0

    def insert(self, table, *rows):
        schema = contracts.spark_schema_ddl(GRAPH.tables[table])
        values = [tuple(row.get(column.name) for column in GRAPH.tables[table].columns) for row in rows]
        self.spark.createDataFrame(values, schema).writeTo(f"glue_catalog.{table}").append()

    def order(self, number, day, **changes):
        moment = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        row = IN_THE_TABLE | {"order_id": f"ORD-{number:010X}", "ordered_at": moment, "updated_at": moment}
        self.insert("processed.transactions", row | changes)

    def run(self, tables, *, check=False, after=True):
        """Rebuild `tables`, given with their scopes; each after those before it that it is built from."""
        stale = []
        for name, scope in tables.items():
            reads = [up.table for up in GRAPH.tables[name].build.upstreams]
            stale.append(StaleTable(table=name, scope=scope, after=[up for up in reads if up in tables and after]))
        return self.follow(tables, stale, check=check)

    def follow(self, changes, stale, *, check=False):
        """Run the job over a plan."""
        self.runs += 1
        run_id = f"refresh-20260301T120000-{self.runs:06x}"
        plan = RefreshPlan(run_id=run_id, created_at="", changes=changes, tables=stale, check=check)
        client("s3").put_object(Bucket="artifacts", Key="plan.json", Body=plan.model_dump_json().encode())
        try:
            main(arguments(run_id, "plan.json"))
        finally:
            body = client("s3").get_object(Bucket="artifacts", Key="refresh.json")["Body"].read()
            self.report = RefreshReport.model_validate_json(body)
        return {table.table: table for table in self.report.tables}

    def rows(self, table):
        return [row.asDict() for row in self.spark.table(f"glue_catalog.{table}").collect()]


@pytest.fixture
def lake(spark, tables, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client.cache_clear()
        boto3.client("s3").create_bucket(Bucket="artifacts")
        yield Lake(spark)
    client.cache_clear()


def test_a_new_day_is_added_and_other_days_are_not_touched(lake):
    lake.order(1, FEBRUARY)
    lake.run(dict.fromkeys(SALES, WHOLE))
    lake.order(2, MARCH)
    lake.order(3, FEBRUARY)

    done = lake.run({**dict.fromkeys(SALES[:3], on(MARCH))})

    assert {table.outcome for table in done.values()} == {"rebuilt"}
    assert {(row["order_date"], row["orders"]) for row in lake.rows("curated.sales_daily")} == {
        (FEBRUARY, 1),  # the third order came too, but nobody said so
        (MARCH, 1),
    }
    first, second = sorted({row["_run_id"] for row in lake.rows("curated.sales_daily")})
    assert (first, second) == ("refresh-20260301T120000-000001", "refresh-20260301T120000-000002")


def test_a_day_within_a_partition_of_a_month_is_replaced_and_the_rest_of_the_month_kept(lake):
    lake.order(1, FEBRUARY)
    lake.order(2, date(2026, 2, 26))
    lake.run(dict.fromkeys(SALES, WHOLE))
    lake.spark.sql("delete from glue_catalog.processed.transactions where order_id = 'ORD-0000000001'")

    lake.run(dict.fromkeys(SALES[:3], on(FEBRUARY)))

    assert [row["order_date"] for row in lake.rows("curated.sales_daily")] == [date(2026, 2, 26)]
    assert [row["order_id"] for row in lake.rows("curated.fct_orders")] == ["ORD-0000000002"]


def test_incremental_rows_are_those_from_scratch(lake):
    lake.order(1, FEBRUARY, currency="USD")
    lake.run(dict.fromkeys(SALES, WHOLE))
    lake.insert(
        "processed.fx_rates",
        {"rate_date": date(2026, 2, 26), "currency": "USD", "rate": Decimal("1.0856"), "updated_at": None},
    )
    lake.order(2, MARCH, currency="USD")
    changes = {"processed.fx_rates": on(date(2026, 2, 26)), "processed.transactions": on(MARCH)}
    scopes = {stale.table: stale.scope for stale in GRAPH.stale(changes) if stale.table in SALES}

    lake.run(scopes)
    checked = lake.run(dict.fromkeys(SALES, WHOLE), check=True, after=False)

    assert set(scopes) == set(SALES)
    assert {row["fx_rate"] for row in lake.rows("processed.order_lines")} == {Decimal("1.08560000")}
    assert {name: table.differences for name, table in checked.items()} == {name: [] for name in SALES}


def test_what_turns_out_the_same_is_not_written_and_nothing_after_it_is_rebuilt(lake):
    lake.order(1, FEBRUARY)
    lake.run(dict.fromkeys(SALES, WHOLE))
    changes = {"processed.products": on(FEBRUARY)}  # a version of a product nobody bought
    plan = GRAPH.stale(changes)

    done = lake.follow(changes, [table for table in plan if table.table in SALES])

    assert {name: table.outcome for name, table in done.items()} == dict.fromkeys(SALES, "unchanged")
    assert done["processed.order_lines"].rows == 1
    assert done["curated.fct_orders"].rows == 0  # not even looked at
    assert {row["_run_id"] for row in lake.rows("curated.fct_orders")} == {"refresh-20260301T120000-000001"}


def test_a_check_finds_what_differs_and_changes_nothing(lake):
    lake.order(1, FEBRUARY)
    lake.run(dict.fromkeys(SALES, WHOLE))
    lake.spark.sql("update glue_catalog.curated.sales_daily set orders = 7")
    before = lake.rows("curated.sales_daily")

    done = lake.run({"curated.sales_daily": WHOLE}, check=True)

    stored, rebuilt = done["curated.sales_daily"].differences
    assert (stored.only_in, stored.rows, stored.example["orders"]) == ("stored", 1, "7")
    assert (rebuilt.only_in, rebuilt.rows, rebuilt.example["orders"]) == ("rebuilt", 1, "1")
    assert lake.rows("curated.sales_daily") == before
    assert lake.rows("ops.quality_results")[0]["run_id"] == "refresh-20260301T120000-000001"


def test_a_table_that_breaks_a_rule_is_not_written_nor_what_is_built_from_it(lake, monkeypatch):
    lake.order(1, FEBRUARY)
    lake.run(dict.fromkeys(SALES, WHOLE))
    real = building.transform_of

    def too_many_returns(table):
        make = real(table)
        if table.name != "fct_orders":
            return make
        return lambda **inputs: make(**inputs).withColumn("returned_lines", F.lit(9).cast("bigint"))

    monkeypatch.setattr(building, "transform_of", too_many_returns)
    lake.order(2, FEBRUARY)

    with pytest.raises(RefreshError, match=r"1 of 3 tables failed.*curated.fct_orders.*2 rows break returns_not_above"):
        lake.run(
            {
                name: on(FEBRUARY)
                for name in ["processed.order_lines", "curated.fct_orders", "processed.customer_months"]
            }
        )

    outcomes = {table.table: table.outcome for table in lake.report.tables}
    assert outcomes == {
        "processed.order_lines": "rebuilt",
        "curated.fct_orders": "failed",
        "processed.customer_months": "skipped",
    }
    assert [row["order_id"] for row in lake.rows("curated.fct_orders")] == ["ORD-0000000001"]
    assert len(lake.rows("processed.order_lines")) == 2


def test_what_every_rule_measured_is_on_record(lake):
    lake.order(1, FEBRUARY)

    lake.run({"processed.order_lines": WHOLE})

    found = {row["rule"]: row for row in lake.rows("ops.quality_results")}
    assert found["one_row_per_order_line"]["value"] == 0
    assert {row["table_name"] for row in found.values()} == {"processed.order_lines"}
    assert {row["dataset"] for row in found.values()} == {"refresh"}


def review(number, customer, rating, day=FEBRUARY):
    moment = datetime(2026, 3, 1, number, tzinfo=UTC)
    return {
        "review_id": f"REV-{number:010X}",
        "order_id": "ORD-0000000001",
        "customer_id": f"CUS-{customer:07d}",
        "product_id": "PRD-00042" if customer < 9 else "PRD-00043",
        "purchased_on": day,
        "rating": rating,
        "reviewed_at": moment,
        "updated_at": moment,
    }


def test_keys_are_merged_winners_change_and_losers_go(lake):
    tables = {"processed.verified_reviews": WHOLE, "curated.fct_reviews": WHOLE}
    lake.insert("processed.reviews", review(1, 1, 5), review(2, 2, 4), review(3, 9, 1))
    lake.run(tables)
    lake.insert("processed.reviews", review(4, 1, 2))
    changed = {s.table: s.scope for s in GRAPH.stale({"processed.reviews": on(FEBRUARY)}) if s.table in tables}

    done = lake.run(changed)

    assert changed["curated.fct_reviews"].keys
    assert {(row["review_id"][-1], row["rating"]) for row in lake.rows("curated.fct_reviews")} == {
        ("4", 2),
        ("2", 4),
        ("3", 1),
    }
    assert done["curated.fct_reviews"].rows == 3


def test_tables_built_of_nothing_are_built(lake):
    lake.run({"curated.dim_date": WHOLE})

    assert len(lake.rows("curated.dim_date")) > 7000


def test_a_plan_of_another_run_is_refused(lake):
    plan = RefreshPlan(run_id="refresh-20260301T120000-ffffff", created_at="", tables=[])
    client("s3").put_object(Bucket="artifacts", Key="other.json", Body=plan.model_dump_json().encode())

    with pytest.raises(TerminalError, match="is of run refresh-20260301T120000-ffffff, not of run-1"):
        main(arguments("run-1", "other.json"))
