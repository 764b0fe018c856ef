"""Costs from what was measured: engines, steps around them, queries, and a month without a file."""

import json
from datetime import date
from pathlib import Path

import pytest

from cartlake.ledger import RunRecord, RunState
from cartlake.runs import costs
from cartlake_cli.costs.prices import price_table, prices
from cartlake_cli.costs.profiles import ALARMS, FULL_ALARMS, IDLE, LARGE, PROMISED, SMALL
from cartlake_cli.costs.reckoning import (
    Month,
    Query,
    Standing,
    around_usd,
    by_query,
    by_subject,
    month_usd,
    query_usd,
    run_usd,
    standing_usd,
)

PRICE = prices()


def run(subject, cost=None):
    return RunRecord(
        run_id=f"{subject}-20260301T080000-00000a",
        subject=subject,
        state=RunState.SUCCEEDED,
        started_at="2026-03-01T08:00:00.000000Z",
        cost_usd=cost,
    )


def test_the_price_table_has_a_day_and_the_prices_by_which_runs_are_recorded():
    assert price_table().as_of >= date(2026, 11, 28)
    assert PRICE["lambda"]["gb_second"] == costs.LAMBDA_GB_SECOND
    assert PRICE["lambda"]["request"] == costs.LAMBDA_REQUEST
    assert PRICE["glue"]["dpu_hour"] == costs.GLUE_DPU_HOUR
    assert PRICE["emr_serverless"] == {"vcpu_hour": costs.EMR_VCPU_HOUR, "gb_hour": costs.EMR_GB_HOUR}


def test_a_run_costs_its_engine_and_the_steps_around_it():
    assert run_usd(run("transactions", 0.01), PRICE) == pytest.approx(0.01 + around_usd("ingest", PRICE))
    # Six steps, and the tiles: six half-GB seconds in one call, 12 files written, 90 read, 29 tables looked up.
    tiles = 6 * 0.5 * PRICE["lambda"]["gb_second"] + PRICE["lambda"]["request"] + 12 * 5e-6 + 90 * 4e-7 + 29e-6
    assert run_usd(run("refresh"), PRICE) == pytest.approx(6 * 0.000025 + tiles)


def test_the_steps_around_a_small_load_cost_about_a_tenth_of_a_cent():
    # The benchmark counted 0.118 cents with the engine of load and refresh, 0.02 of it; tiles are 0.017 cents more.
    assert 0.0007 < around_usd("ingest", PRICE) + around_usd("refresh", PRICE) < 0.0013


def test_an_unknown_workflow_costs_nothing_around_it():
    assert around_usd("other", PRICE) == 0


@pytest.mark.parametrize(
    ("query", "usd"),
    [
        (Query("q", "SUCCEEDED", "DML", 1), 0.00005),
        (Query("q", "SUCCEEDED", "DML", 10**12), 5.0),
        (Query("q", "CANCELLED", "DML", 10**12), 5.0),
        (Query("q", "FAILED", "DML", 10**12), 0.0),
        (Query("q", "SUCCEEDED", "DDL", 10**12), 0.0),
        (Query("q", "SUCCEEDED", "DML", 10**12, reused_result=True), 0.0),
    ],
)
def test_queries(query, usd):
    assert query_usd(query, PRICE) == pytest.approx(usd)


def test_an_idle_lake_costs_at_most_six_dollars_a_month():
    items = standing_usd(Standing(alarms=ALARMS), PRICE)
    assert items["alarms"] == pytest.approx(1.3)
    assert items["polls of the queue"] == pytest.approx(0.2592)
    assert sum(items.values()) <= 6
    assert sum(standing_usd(Standing(alarms=ALARMS), PRICE, days=15).values()) == pytest.approx(sum(items.values()) / 2)


def test_a_month_has_the_idle_cost_and_grows_with_what_is_done():
    idle = Month(0, 0, 0, 0, 0, 0, 0, 0, Standing(alarms=ALARMS))
    busy = Month(1000, 2, 500, 2, 10, 300, 1, 8, Standing(alarms=ALARMS))
    assert sum(month_usd(idle, PRICE).values()) == pytest.approx(sum(standing_usd(idle.standing, PRICE).values()))
    items = month_usd(busy, PRICE)
    assert items["Glue jobs"] == pytest.approx(4.4)
    assert items["queries"] == pytest.approx(300 * 0.005)
    assert items["other steps of loads"] == pytest.approx(1000 * around_usd("ingest", PRICE))


def test_costs_by_dataset_and_by_query_are_sums_largest_first():
    found = by_subject([run("refresh", 0.1), run("reviews", 1.0), run("reviews", 1.0)], PRICE)
    assert list(found) == ["reviews", "refresh"]
    queries = by_query([Query("a", "SUCCEEDED", "DML", 1), Query("b", "SUCCEEDED", "DML", 10**12)], PRICE)
    assert list(queries) == ["b", "a"]


def test_the_page_has_the_numbers_of_the_formulas():
    page = (Path(__file__).parents[3] / "docs" / "cost.md").read_text()
    idle, small, large = (standing_usd(IDLE, PRICE), month_usd(SMALL, PRICE), month_usd(LARGE, PRICE))

    for item, usd in idle.items():
        assert usd < 0.005 or f"| {item} | {usd:,.2f} |" in page
    assert f"| **in all** | **{sum(idle.values()):,.2f}** |" in page
    for item, usd in small.items():
        assert f"| {item} | {usd:,.2f} | {large[item]:,.2f} |" in page
    assert f"| **in all** | **{sum(small.values()):,.2f}** | **{sum(large.values()):,.2f}** |" in page


MONITORING = ("alarms", "dashboards", "metrics of the sweep")


def baseline_of(environment):
    return json.loads((Path(__file__).parents[2] / "terraform" / "baselines" / f"{environment}.json").read_text())


def test_alarms_and_metrics_of_a_small_lake_cost_less_than_three_dollars_a_month():
    idle = standing_usd(IDLE, PRICE)
    assert idle["alarms"] + idle["metrics of the sweep"] + month_usd(SMALL, PRICE)["metrics"] < 3


def test_the_page_has_what_monitoring_costs():
    page = (Path(__file__).parents[3] / "docs" / "cost.md").read_text()
    idle, full = standing_usd(IDLE, PRICE), standing_usd(LARGE.standing, PRICE)
    small_sum = sum(idle[item] for item in MONITORING) + month_usd(SMALL, PRICE)["metrics"]
    full_sum = sum(full[item] for item in MONITORING) + month_usd(LARGE, PRICE)["metrics"]

    assert f"| in all | {small_sum:.2f} | {full_sum:.2f} |" in page


def test_a_full_lake_is_reckoned_with_what_terraform_makes_in_prod():
    baseline = baseline_of("prod")
    assert sum("aws_cloudwatch_metric_alarm" in address for address in baseline) == FULL_ALARMS
    assert sum("aws_cloudwatch_composite_alarm" in address for address in baseline) == 1
    assert sum('"overdue-' in address for address in baseline) == PROMISED


def test_as_many_alarms_are_reckoned_with_as_terraform_makes_in_dev():
    baseline = baseline_of("dev")
    assert sum("aws_cloudwatch_metric_alarm" in address for address in baseline) == ALARMS
    assert sum("aws_kms_key" in address for address in baseline) == IDLE.keys
