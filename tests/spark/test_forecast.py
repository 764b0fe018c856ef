"""The forecast job on real Iceberg tables: what it reads, that all is published or nothing, and what it reports."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cartlake.aws.clients import client
from cartlake.refresh.graph import WHOLE, StaleTable
from cartlake.runs.documents import RefreshPlan, RefreshReport
from glue_jobs.demand_forecast import rows
from glue_jobs.demand_forecast.main import main
from glue_jobs.table_refresh.checking import BrokenRuleError
from tests.spark.refreshing import GRAPH, RefreshLake

pytestmark = pytest.mark.spark

FORECAST, ELASTICITY, SUGGESTION = GRAPH.forecast_order
FIRST = date(2026, 1, 5)
VERSION = {
    "product_key": "0" * 64,
    "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
    "is_current": True,
    "product_name": "Mug",
    "category": "kitchen",
    "brand": "Lumen",
    "vendor_id": "VEN-0001",
    "vendor_name": "unknown",
    "vendor_country_code": "ZZ",
    "list_price": 10,
    "unit_cost": 6,
    "is_active": True,
}


FILLED = {
    "string": "x",
    "int": 1,
    "bigint": 1,
    "decimal": 1,
    "boolean": True,
    "date": FIRST,
    "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
}


class ForecastLake(RefreshLake):
    """A lake whose tables of the forecast are made by the job."""

    def insert(self, table, *rows):
        """Rows with a value in every column that needs one."""
        columns = [column for column in GRAPH.tables[table].columns if column.required]
        super().insert(
            table, *({column.name: FILLED[column.type.partition("(")[0]] for column in columns} | row for row in rows)
        )

    def sell(self, product, day, quantity=1, **changes):
        line = {"order_date": day, "product_id": product, "quantity": quantity, "is_sold": True, "line_number": 1}
        self.insert("processed.order_lines", line | changes)

    def offer(self, product, **changes):
        self.insert("curated.dim_product", {**VERSION, "product_id": product, **changes})

    def forecast(self):
        self.runs += 1
        run_id = f"forecast-20260301T120000-{self.runs:06x}"
        stale = [StaleTable(table=name, scope=WHOLE) for name in GRAPH.forecast_order]
        plan = RefreshPlan(run_id=run_id, created_at="", tables=stale)
        client("s3").put_object(Bucket="artifacts", Key="plan.json", Body=plan.model_dump_json().encode())
        places = "--plan_uri s3://artifacts/plan.json --report_uri s3://artifacts/forecast.json"
        main(f"--run_id {run_id} --dataset forecast {places} --JOB_NAME forecast".split())
        body = client("s3").get_object(Bucket="artifacts", Key="forecast.json")["Body"].read()
        return RefreshReport.model_validate_json(body)

    def branches(self, table):
        return [row.name for row in self.spark.table(f"glue_catalog.{table}.refs").collect()]


@pytest.fixture
def lake(lake):
    return ForecastLake(lake.spark)


def test_sold_lines_become_a_forecast_that_replaces_the_last_one(lake):
    lake.offer("PRD-1", list_price=12)
    lake.offer("PRD-2", is_active=False)
    for day in range(14):
        lake.sell("PRD-1", FIRST + timedelta(days=day), quantity=3)
    lake.sell("PRD-1", FIRST, quantity=50, is_sold=False)

    lake.forecast()
    report = lake.forecast()

    done = {table.table: table for table in report.tables}
    assert (done[FORECAST].rows, done[ELASTICITY].rows, done[SUGGESTION].rows) == (28, 2, 0)
    assert done[FORECAST].read.keys() == {"processed.order_lines", "curated.dim_product"}
    assert (report.engine.engine, report.cost_usd > 0) == ("spark", True)
    stored = lake.rows(FORECAST)
    assert {row["_run_id"] for row in stored} == {"forecast-20260301T120000-000002"}
    assert {(row["product_id"], row["category"], row["units_p50"]) for row in stored} == {("PRD-1", "kitchen", 3)}
    assert min(row["forecast_date"] for row in stored) == FIRST + timedelta(days=14)
    assert [row["status"] for row in lake.rows(ELASTICITY)] == ["not enough price changes"] * 2
    assert lake.branches(FORECAST) == ["main"]
    measured = lake.spark.table("glue_catalog.ops.quality_results").where("dataset = 'forecast'").collect()
    assert {row.table_name for row in measured} == set(GRAPH.forecast_order)


def test_when_one_table_breaks_its_contract_none_is_published(lake, monkeypatch):
    lake.offer("PRD-1")
    lake.sell("PRD-1", FIRST, quantity=4)
    lake.forecast()
    broken = ("category", "kitchen", "kitchen", "estimated", *[None] * 5, 0, 0, 0, FIRST, FIRST)
    monkeypatch.setitem(rows.TABLES, "rows.price_elasticity", lambda results: iter([broken]))
    lake.sell("PRD-1", FIRST, quantity=4)

    with pytest.raises(BrokenRuleError, match=r"estimate_or_none.*then run `lake forecast`"):
        lake.forecast()

    assert {row["_run_id"] for row in lake.rows(FORECAST)} == {"forecast-20260301T120000-000001"}
    assert (lake.branches(FORECAST), lake.branches(ELASTICITY)) == (["main"], ["main"])


def test_a_lake_without_sales_has_no_forecast_and_says_why(lake):
    lake.offer("PRD-1")

    report = lake.forecast()

    assert {table.outcome for table in report.tables} == {"skipped"}
    assert report.tables[0].error.endswith("load orders first, then forecast.")
    assert lake.rows(FORECAST) == []
