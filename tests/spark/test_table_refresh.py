"""table_refresh on real Iceberg tables: what is stale is rebuilt, the rest stays, and broken rows are not written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from cartlake.aws.clients import client
from cartlake.errors import TerminalError
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import WHOLE, Scope
from cartlake.runs.documents import RefreshPlan
from glue_jobs.table_refresh import building
from glue_jobs.table_refresh.main import RefreshError, main
from tests.spark.refreshing import GRAPH, RefreshLake, arguments

pytestmark = pytest.mark.spark

SALES = ["processed.order_lines", "curated.fct_orders", "curated.sales_daily", "curated.sales_weekly"]
PRODUCTS = ["processed.order_lines", "curated.product_performance"]
FEBRUARY, MARCH = date(2026, 2, 27), date(2026, 3, 2)


def on(*days):
    return Scope(days=of_days(days))


@pytest.fixture
def lake(lake):
    return RefreshLake(lake.spark)


def test_a_new_day_is_added_and_other_days_are_not_touched(lake):
    lake.order(1, FEBRUARY)
    lake.run(dict.fromkeys(SALES, WHOLE))
    lake.order(2, MARCH)
    lake.order(3, FEBRUARY)

    done = lake.run({**dict.fromkeys(SALES[:3], on(MARCH))})

    assert {table.outcome for table in done.values()} == {"rebuilt"}
    assert (lake.report.engine.engine, lake.report.cost_usd > 0) == ("spark", True)
    lines, orders = done["processed.order_lines"], done["curated.fct_orders"]
    assert orders.read == {"processed.order_lines": lines.snapshot_id}
    assert orders.size > 0
    assert {(row["order_date"], row["orders"]) for row in lake.rows("curated.sales_daily")} == {
        (FEBRUARY, 1),  # the third order is in the table, but not in the change
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


def test_a_week_without_rates_uses_the_last_one_says_so_and_is_corrected(lake):
    def rate(day, value):
        told = datetime(2026, 3, 3, tzinfo=UTC)
        row = {"rate_date": day, "currency": "USD", "rate": Decimal(value), "updated_at": told}
        lake.insert("processed.fx_rates", row)

    def of_the_orders():
        return sorted((row["order_date"], row["fx_rate_date"]) for row in lake.rows("processed.order_lines"))

    rate(before := date(2026, 2, 20), "1.1")
    lake.order(1, FEBRUARY, currency="USD")
    lake.order(2, MARCH, currency="USD")
    lake.run(dict.fromkeys(SALES, WHOLE))
    warned = {row["rule"]: row["value"] for row in lake.rows("ops.quality_results")}
    unhealed = of_the_orders()
    rate(healing := date(2026, 2, 28), "1.2")
    lake.refresh({"processed.fx_rates": on(healing)}, SALES)

    assert unhealed == [(FEBRUARY, before), (MARCH, before)]
    assert warned["rate_is_of_the_last_week"] == 1  # seven days are a week, ten are not
    assert of_the_orders() == [(FEBRUARY, before), (MARCH, healing)]


def test_an_order_of_an_unknown_product_is_costed_when_the_product_arrives(lake):
    lake.order(1, FEBRUARY)
    lake.run(dict.fromkeys(PRODUCTS, WHOLE))
    [line], [performance] = lake.rows("processed.order_lines"), lake.rows("curated.product_performance")
    version = {"product_id": line["product_id"], "unit_cost": Decimal("7.00"), "is_active": True}
    lake.insert("processed.products", version | {"updated_at": datetime(2026, 1, 1, tzinfo=UTC)})
    lake.refresh({"processed.products": on(date(2026, 1, 1))}, PRODUCTS)
    [costed], [healed] = lake.rows("processed.order_lines"), lake.rows("curated.product_performance")

    assert (line["cost_reporting"], performance["uncosted_lines"]) == (None, 1)
    assert (costed["cost_reporting"], healed["uncosted_lines"]) == (Decimal("14.00"), 0)


def test_a_review_that_came_before_its_order_is_verified_when_the_order_arrives(lake):
    reviewed = ["processed.verified_reviews", "curated.fct_reviews"]
    lake.insert("processed.reviews", review(1, 1, 5))
    lake.run(dict.fromkeys(reviewed, WHOLE))
    [before] = lake.rows("curated.fct_reviews")
    lake.order(1, FEBRUARY, customer_id=before["customer_id"], product_id=before["product_id"])
    lake.refresh({"processed.transactions": on(FEBRUARY)}, reviewed)
    [after] = lake.rows("curated.fct_reviews")

    assert (before["is_verified_purchase"], after["is_verified_purchase"]) == (False, True)


def test_what_turns_out_the_same_is_not_written_and_nothing_after_it_is_rebuilt(lake):
    lake.order(1, FEBRUARY)
    lake.run(dict.fromkeys(SALES, WHOLE))

    done = lake.refresh({"processed.products": on(FEBRUARY)}, SALES)  # a version of a product without orders

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


def test_keys_are_merged_changed_rows_updated_and_missing_ones_deleted(lake):
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
