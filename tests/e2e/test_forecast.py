"""`lake forecast` on the deployed lake: a run of its own, tables that passed their contracts, lineage, and a repeat."""

import json

import pytest

from cartlake.ledger import RunState
from cartlake.runs.ids import Workflow

pytestmark = pytest.mark.e2e

TABLES = ["curated.demand_forecast", "curated.price_elasticity", "curated.price_suggestion"]


NAIVE = {"the history is too short for a backtest", "no model beat seasonal naive in the backtest"}
BEATEN = "it beat seasonal naive in the backtest"


@pytest.fixture(scope="module")
def done(run_lake, demo):
    """The demo's three days, forecast."""
    return json.loads(run_lake("forecast", "--json").stdout)


def test_each_product_has_28_days_by_naive_or_by_a_model_that_beat_it(done, rows_of):
    assert done["run"]["state"] == RunState.SUCCEEDED
    assert [table["table"] for table in done["report"]["tables"]] == TABLES
    [[rows, products, days, ordered, negative]] = rows_of(
        "select count(*), count(distinct product_id), count(distinct forecast_date), "
        "count_if(units_p10 <= units_p50 and units_p50 <= units_p90), count_if(units_p10 < 0) "
        "from curated.demand_forecast"
    )
    assert (int(rows), days, ordered, negative) == (28 * int(products), "28", rows, "0")
    assert rows == str(done["report"]["tables"][0]["rows"])
    reasons = rows_of("select distinct model, model_reason from curated.demand_forecast")
    assert reasons
    assert {reason for model, reason in reasons if model == "no_sales"} <= {"the product was never sold"}
    assert {reason for model, reason in reasons if model == "seasonal_naive"} <= NAIVE
    assert {reason for model, reason in reasons if model not in {"no_sales", "seasonal_naive"}} <= {BEATEN}
    no_better = f"model_reason = '{BEATEN}' and not backtest_error < backtest_error_naive"
    assert rows_of(f"select count(*) from curated.demand_forecast where {no_better}") == [["0"]]
    sold = "select product_id from processed.order_lines where is_sold and order_date < current_date"
    [[unsold]] = rows_of(
        f"select coalesce(sum(units_p90), 0) from curated.demand_forecast where product_id not in ({sold})"
    )
    assert int(unsold) == 0


def test_three_days_have_too_few_price_changes(done, rows_of):
    assert rows_of("select distinct status from curated.price_elasticity where level = 'category'") == [
        ["not enough price changes"]
    ]
    assert rows_of("select count(*) from curated.price_suggestion") == [["0"]]


def test_the_run_is_on_record_with_its_lineage_and_its_rules(done, lake, run_lake, rows_of):
    run_id = done["run"]["run_id"]

    [run] = [run for run in lake.ledger.runs.list(Workflow.FORECAST) if run.run_id == run_id]
    assert (run.workflow, lake.ledger.locks.get(Workflow.FORECAST)) == (Workflow.FORECAST, None)
    assert run.cost_usd > 0
    rules = rows_of(f"select distinct table_name from ops.quality_results where run_id = '{run_id}' order by 1")
    assert [table for [table] in rules] == TABLES
    shown = json.loads(run_lake("run", "show", run_id, "--json").stdout)
    assert shown["reports"]["forecast"]["tables"][0]["read"].keys() == {"curated.dim_product", "processed.order_lines"}


def test_a_second_forecast_replaces_the_first_and_leaves_no_branch(done, run_lake, rows_of):
    again = json.loads(run_lake("forecast", "--json").stdout)

    assert rows_of("select distinct _run_id from curated.demand_forecast") == [[again["run"]["run_id"]]]
    assert again["report"]["tables"][0]["rows"] == done["report"]["tables"][0]["rows"]
    assert rows_of('select name from curated."demand_forecast$refs"') == [["main"]]
