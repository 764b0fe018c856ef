from contextlib import nullcontext
from types import SimpleNamespace

import duckdb
import pytest

from cartlake.errors import TerminalError
from cartlake.runs.documents import RefreshPlan, RefreshReport, TableRefresh
from glue_jobs.engines.duckdb.limits import EngineLimitError
from glue_jobs.table_refresh.pipeline import RefreshError
from lambdas.light_refresher import handler

RUN_ID = "refresh-20260131T084000-bbbbbb"
PLAN = f"runs/{RUN_ID}/plan.json"
REPORT = f"s3://artifacts/runs/{RUN_ID}/refresh.json"


@pytest.fixture
def opened(monkeypatch):
    """The engines that were opened: run id and memory in MB."""
    found = []

    def open_engine(run_id, memory_mb):
        found.append((run_id, memory_mb))
        return nullcontext(SimpleNamespace())

    monkeypatch.setattr(handler, "duckdb_refresh_engine", open_engine)
    return found


@pytest.fixture
def refreshed(monkeypatch, opened):
    """Says what becomes of the tables; returns the runs that were asked for."""
    runs = []

    def become(**outcomes):
        def refresh(run):
            runs.append(run)
            tables = [
                TableRefresh(table=f"curated.{name}", scope="all rows", outcome=outcome, error="it broke")
                for name, outcome in outcomes.items()
            ]
            return RefreshReport(run_id=run.plan.run_id, tables=tables, started_at="", ended_at="")

        monkeypatch.setattr(handler, "refresh", refresh)
        return runs

    return become


@pytest.fixture
def invoke(account, lambda_context):
    def call(run_id=RUN_ID, plan_of=RUN_ID):
        body = RefreshPlan(run_id=plan_of, created_at="", tables=[]).model_dump_json().encode()
        account.s3.put_object(Bucket="artifacts", Key=PLAN, Body=body)
        return handler.lambda_handler({"run_id": run_id, "input_uri": f"s3://artifacts/{PLAN}"}, lambda_context)

    return call


def test_it_answers_with_the_report_of_what_was_rebuilt(account, invoke, refreshed, opened):
    runs = refreshed(dim_date="rebuilt", sales_daily="unchanged")

    assert invoke() == {"report_uri": REPORT, "tables": 2}
    assert [table["table"] for table in account.read_json(REPORT)["tables"]] == [
        "curated.dim_date",
        "curated.sales_daily",
    ]
    assert opened == [(RUN_ID, 512)]
    assert (runs[0].name("curated.dim_date"), runs[0].quality) == ("glue.curated.dim_date", "glue.ops.quality_results")


def test_a_table_that_failed_fails_the_function_after_the_report_was_written(account, invoke, refreshed):
    refreshed(dim_date="rebuilt", sales_daily="failed")

    with pytest.raises(RefreshError, match=r"1 of 2 tables failed\. curated\.sales_daily: it broke"):
        invoke()
    assert account.read_json(REPORT)["tables"][0]["outcome"] == "rebuilt"


def test_the_plan_of_another_run_is_refused(invoke, refreshed, opened):
    refreshed()

    with pytest.raises(TerminalError, match=f"is of run other, not of {RUN_ID}"):
        invoke(plan_of="other")
    assert opened == []


def test_too_little_memory_has_a_name_of_its_own(invoke, monkeypatch, opened):
    def refresh(_run):
        raise duckdb.OutOfMemoryException("failed to allocate")

    monkeypatch.setattr(handler, "refresh", refresh)

    with pytest.raises(EngineLimitError, match="failed to allocate"):
        invoke()
