"""Jobs on tables that changed under their rows: everything is still written once, and read under the new names."""

from datetime import date

import pytest

from cartlake.refresh.graph import WHOLE
from tests.spark.evolving import Evolution, renamed, without
from tests.spark.loading import header_of
from tests.spark.order_lines import AS_WRITTEN
from tests.spark.refreshing import RefreshLake
from tests.spark.test_table_refresh import SALES, on

pytestmark = pytest.mark.spark

TARGET = "glue_catalog.processed.transactions"
REVIEWS = ["processed.verified_reviews", "curated.fct_reviews"]
FEBRUARY, MARCH = date(2026, 2, 27), date(2026, 3, 2)


@pytest.fixture
def evolution(spark, warehouse, tmp_path, monkeypatch, tables):
    return Evolution(spark, warehouse, tmp_path / "contracts", monkeypatch)


def order(number, **changes):
    return AS_WRITTEN | {"order_id": f"ORD-{number:010X}"} | changes


def v2(text):
    """Renames the event time, which the table is partitioned by, and one more; drops one; sorts."""
    text = renamed(text, "ordered_at", "sold_at")
    text = renamed(text, "customer_email", "receipt_email")
    text = without(text, "channel")
    sort = "    customProperties:\n      - property: cartlake.sortOrder\n        value: [product_id desc]\n"
    return text.replace("    customProperties:\n", sort, 1)


def sent(row):
    """A row as senders of version 2 send it."""
    return row | {"sold_at": row["ordered_at"], "receipt_email": row["customer_email"]}


def test_files_of_the_new_contract_merge_into_rows_of_the_old_one(lake, evolution):
    lake.load("a.csv", order(1), order(2))

    evolution.edit("transactions", v2)
    newer = {"order_status": "shipped", "updated_at": "2026-02-28T09:00:00Z"}
    report = lake.load("b.csv", sent(order(2, **newer)), sent(order(3, product_id="PRD-00001")))

    assert "sold_at" in header_of("transactions")
    assert report.rows.published == 2
    rows = {row["order_id"][-1]: row for row in lake.rows()}
    assert {number: row["order_status"] for number, row in rows.items()} == {"1": "paid", "2": "shipped", "3": "paid"}
    assert {row["receipt_email"] for row in rows.values()} == {"ada@example.org"}
    assert all(row["sold_at"].date() == FEBRUARY for row in rows.values())
    assert not {"ordered_at", "customer_email", "channel"} & set(rows["1"])


def test_days_that_are_stored_are_found_under_the_partitions_new_name(lake, evolution):
    lake.load("a.csv", order(1))
    evolution.edit("transactions", v2)

    lake.load("b.csv", sent(order(1, order_status="shipped", updated_at="2026-02-28T09:00:00Z")))

    [row] = lake.rows()
    assert row["order_status"] == "shipped"
    days = lake.spark.sql(f"select distinct partition.sold_at_day as day from {TARGET}.files").collect()
    assert [found.day for found in days] == [FEBRUARY]


@pytest.mark.parametrize("transform", ["month", "hour"])
def test_rows_are_merged_across_old_and_new_partitions(lake, evolution, transform):
    lake.load("a.csv", order(1), order(2))

    evolution.edit("transactions", lambda text: text.replace("value: day", f"value: {transform}"))
    lake.load("b.csv", order(1, order_status="shipped", updated_at="2026-02-28T09:00:00Z"), order(3))

    assert sorted((row["order_id"][-1], row["order_status"]) for row in lake.rows()) == [
        ("1", "shipped"),
        ("2", "paid"),
        ("3", "paid"),
    ]
    specs = lake.spark.sql(f"select distinct spec_id from {TARGET}.files").collect()
    assert {row.spec_id for row in specs} == {0, 1}


def test_a_column_no_contract_has_stays_null_and_stops_no_run(lake, spark):
    lake.load("a.csv", order(1))
    spark.sql(f"alter table {TARGET} add column scratch string")
    lake.load("b.csv", order(1, order_status="shipped", updated_at="2026-02-28T09:00:00Z"), order(2))
    lake.load("c.csv", order(3, ordered_at="2026-02-26T08:00:00Z", updated_at="2026-02-26T09:00:00Z"))

    assert sorted((row["order_id"][-1], row["order_status"], row["scratch"]) for row in lake.rows()) == [
        ("1", "shipped", None),
        ("2", "paid", None),
        ("3", "paid", None),
    ]


def test_marts_with_columns_no_contract_has_are_rebuilt(lake):
    lake = RefreshLake(lake.spark)
    lake.order(1, FEBRUARY)
    lake.order(2, date(2026, 2, 26))
    lake.run(dict.fromkeys([*SALES[:3], *REVIEWS], WHOLE))
    for table in ("curated.sales_daily", "processed.order_lines", "curated.fct_reviews"):
        lake.spark.sql(f"alter table glue_catalog.{table} add column scratch string")
    lake.spark.sql("update glue_catalog.curated.sales_daily set scratch = 'kept'")
    lake.order(3, FEBRUARY)

    done = lake.run({**dict.fromkeys(SALES[:3], on(FEBRUARY)), **dict.fromkeys(REVIEWS, WHOLE)})

    assert "failed" not in {table.outcome for table in done.values()}
    found = {(row["order_date"].day, row["orders"], row["scratch"]) for row in lake.rows("curated.sales_daily")}
    assert found == {(26, 1, "kept"), (27, 2, None)}


@pytest.mark.parametrize(("before", "after"), [("month", "day"), ("month", "year"), ("month", "identity")])
def test_a_mart_replaces_a_day_in_files_of_another_partitioning(lake, evolution, before, after):
    lake = RefreshLake(lake.spark)
    lake.order(1, FEBRUARY)
    lake.order(2, date(2026, 2, 26))
    lake.run(dict.fromkeys(SALES[:3], WHOLE))

    evolution.edit("sales_daily", lambda text: text.replace(f"value: {before}", f"value: {after}"))
    lake.order(3, FEBRUARY)
    lake.order(4, MARCH)
    done = lake.run(dict.fromkeys(SALES[:3], on(FEBRUARY, MARCH)))

    assert {table.outcome for table in done.values()} == {"rebuilt"}
    assert {(row["order_date"], row["orders"]) for row in lake.rows("curated.sales_daily")} == {
        (FEBRUARY, 2),
        (date(2026, 2, 26), 1),
        (MARCH, 1),
    }
