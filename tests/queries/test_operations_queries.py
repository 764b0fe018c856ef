"""The named queries about the lake itself."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.queries.conftest import TABLES, TODAY

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def arrival(insert):
    """An order line, changed at noon and in the lake so many hours later."""

    def add(hours, order_id="ORD-0000000001", ordered_at=NOON, **values):
        changed = ordered_at + timedelta(minutes=5)
        insert(
            "processed.transactions",
            order_id=order_id,
            ordered_at=ordered_at,
            updated_at=changed,
            _ingested_at=changed + timedelta(hours=hours),
            **values,
        )

    return add


@pytest.fixture
def quarantined(insert):
    """A row set aside at noon."""

    def add(*reasons, **values):
        usual = {"dataset": "transactions", "run_id": "one", "contract_version": "1.0.0", "quarantined_at": NOON}
        insert("ops.quarantine_rows", reasons=list(reasons), **{**usual, **values})

    return add


def test_data_freshness_has_every_table_the_overdue_ones_first_and_never_written_ones_before_the_rest(run, insert):
    now = datetime.now(UTC)
    for table, hours in (("transactions", 49), ("customers", 71), ("fx_rates", 1000)):
        # Files joined an hour ago are no news: maintenance must not make a table look fresh.
        for snapshot, (operation, age) in enumerate((("append", 2000), ("overwrite", hours), ("replace", 1))):
            insert(f'processed."{table}$snapshots"', snapshot_id=snapshot, operation=operation)
            made_current_at = now - timedelta(hours=age)
            insert(f'processed."{table}$history"', made_current_at=made_current_at, snapshot_id=snapshot)

    rows = run("data_freshness")

    assert {row["table_name"] for row in rows} == set(TABLES)
    by_name = {row["table_name"]: row for row in rows}
    told = {name: by_name[f"processed.{name}"] for name in ("transactions", "customers", "fx_rates", "vendors")}
    assert [row["hours_since_written"] for row in told.values()] == [49, 71, 1000, None]
    assert [row["promised_hours"] for row in told.values()] == [48, 72, None, None]
    assert [row["is_overdue"] for row in told.values()] == [True, False, None, None]
    assert rows[0]["table_name"] == "processed.transactions"


def test_late_orders_count_orders_and_lines_that_came_after_the_promised_hours(run, arrival):
    arrival(1)
    arrival(48)
    arrival(49, order_id="ORD-0000000002")
    arrival(72, order_id="ORD-0000000002")

    [row] = run("late_orders")

    assert (row["order_date"], row["orders"], row["late_orders"]) == (TODAY, 2, 1)
    assert (row["order_lines"], row["late_lines"], row["late_share"], row["most_hours"]) == (
        4,
        2,
        Decimal("0.5000"),
        72,
    )


def test_late_orders_take_other_hours_and_another_first_day(run, arrival):
    arrival(2)
    arrival(2, ordered_at=NOON - timedelta(days=31))

    assert [row["late_lines"] for row in run("late_orders", hours=1)] == [1]
    assert len(run("late_orders", first_day="2026-05-01")) == 2


def test_quarantine_overview_counts_a_row_under_each_of_its_reasons(run, quarantined):
    quarantined("quantity_is_positive", "currency_is_known")
    quarantined("currency_is_known", run_id="two", quarantined_at=NOON + timedelta(hours=1), replayed_at=NOON)

    currency, quantity = sorted(run("quarantine_overview"), key=lambda row: row["reason"])

    assert (currency["reason"], quantity["reason"]) == ("currency_is_known", "quantity_is_positive")
    assert [currency[name] for name in ("quarantined_rows", "replayed_rows", "waiting_rows", "runs")] == [2, 1, 1, 2]
    assert (currency["first_at"], currency["last_at"]) == (NOON, NOON + timedelta(hours=1))
    assert quantity["waiting_rows"] == 1


def test_quarantine_overview_counts_no_verdict_that_a_backfill_has_judged_anew(run, quarantined):
    quarantined("a_rule")
    quarantined("a_rule", superseded_by="transactions-20260201T083000-bbbbbb")

    assert [row["quarantined_rows"] for row in run("quarantine_overview")] == [1]


def test_quarantine_overview_keeps_datasets_and_versions_of_the_contract_apart_most_waiting_first(run, quarantined):
    quarantined("a_rule")
    quarantined("a_rule", contract_version="1.1.0", replayed_at=NOON)
    for _ in range(2):
        quarantined("a_rule", dataset="reviews")
    quarantined("a_rule", quarantined_at=NOON - timedelta(days=40))

    rows = run("quarantine_overview")

    assert [(row["dataset"], row["contract_version"], row["waiting_rows"]) for row in rows] == [
        ("reviews", "1.0.0", 2),
        ("transactions", "1.0.0", 1),
        ("transactions", "1.1.0", 0),
    ]


@pytest.fixture
def asked(insert):
    """A query of a terabyte that took ten seconds, today."""

    def add(**values):
        usual = {
            "query_name": "Daily KPIs",
            "query_hash": "abc",
            "state": "SUCCEEDED",
            "statement_type": "DML",
            "scanned_bytes": 10**12,
            "total_milliseconds": 10_000,
            "reused_result": False,
            "submitted_at": f"{TODAY} 12:00:00.000",
            "day": str(TODAY),
        }
        insert("ops.query_history", **{**usual, **values})

    return add


def test_cost_by_query_adds_what_is_billed_for_each_query(run, asked):
    asked()
    asked(total_milliseconds=20_000)
    asked(query_name="SELECT", query_hash="def", scanned_bytes=1)

    kpis, select = run("cost_by_query")

    assert (kpis["query_name"], kpis["queries"], kpis["billed_bytes"]) == ("Daily KPIs", 2, 2 * 10**12)
    assert (kpis["cost_cents"], kpis["average_seconds"]) == (Decimal(1000), Decimal(15))
    assert (select["billed_bytes"], select["cost_cents"]) == (10_000_000, Decimal("0.0050"))  # 10 MB at least


def test_failed_queries_reused_results_and_definitions_cost_nothing(run, asked):
    asked(state="FAILED")
    asked(reused_result=True, scanned_bytes=0)
    asked(statement_type="DDL", scanned_bytes=0)

    [row] = run("cost_by_query")

    assert (row["queries"], row["failed_queries"], row["cost_cents"]) == (3, 1, 0)


def test_cost_is_of_the_last_thirty_days_at_the_price_that_is_given(run, asked):
    asked()
    asked(day="2026-05-30", query_name="SELECT", query_hash="def")

    [row] = run("cost_by_query", cents_per_terabyte=700)

    assert (row["query_name"], row["cost_cents"]) == ("Daily KPIs", Decimal(700))
