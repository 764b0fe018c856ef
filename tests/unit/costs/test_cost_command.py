"""`lake cost` as a user types it, on a ledger of moto."""

import json
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from cartlake.runs.documents import RowCounts
from cartlake_cli.commands.lake import cost
from cartlake_cli.costs import records
from cartlake_cli.costs.prices import prices
from cartlake_cli.costs.reckoning import Query, Standing, around_usd

COUNTS = RowCounts(read=1, published=1, quarantined=0, duplicate=0)
RUN = "vendors-20260301T120000-000001"


@pytest.fixture
def run(lake, monkeypatch):
    app = typer.Typer()

    @app.callback()
    def _(context: typer.Context):
        context.obj = lake

    cost.register(app)
    lake.ledger.files.datasets()
    lake.ledger.runs.start(RUN)
    lake.ledger.runs.finish(RUN, COUNTS, "s3://artifacts/transform.json", 0.01)
    asked = [Query("Daily KPIs", "SUCCEEDED", "DML", 10**12), Query("SELECT", "SUCCEEDED", "DML", 1)]
    monkeypatch.setattr(records, "queries_since", lambda *_: asked)
    monkeypatch.setattr(records, "standing_of", lambda _: Standing(alarms=25))

    def typed(*words):
        lake.output.as_json = False
        result = CliRunner().invoke(app, ["cost", *words, "--json"])
        assert result.exit_code == 0, result.exception
        return SimpleNamespace(**json.loads(result.stdout))

    return typed


def test_a_run_costs_its_engine_and_what_is_around_it(run):
    [row] = run("--by", "run").rows
    assert (row["run_id"], row["engine_usd"]) == (RUN, 0.01)
    assert row["usd"] == pytest.approx(0.01 + around_usd("ingest", prices()))


def test_datasets_days_and_queries_are_added_up(run):
    [dataset] = run("--by", "dataset").rows
    [day] = run("--by", "day").rows
    assert (dataset["dataset"], dataset["runs"], day["runs"]) == ("vendors", 1, 1)
    assert dataset["usd"] == day["usd"]
    assert [(row["query"], row["queries"], row["usd"]) for row in run("--by", "query").rows] == [
        ("Daily KPIs", 1, pytest.approx(5.0)),
        ("SELECT", 1, pytest.approx(0.00005)),
    ]


def test_all_items_of_half_a_month(run):
    answer = run("--days", "15")
    items = {row["item"]: row for row in answer.rows}
    assert items["alarms"]["usd"] == pytest.approx(1.25)
    assert items["alarms"]["usd_a_month"] == pytest.approx(2.5)
    assert items["queries"]["usd"] == pytest.approx(5.00005)
    assert items["engines of runs"]["usd"] == pytest.approx(0.01)
    assert answer.usd == pytest.approx(sum(row["usd"] for row in answer.rows), abs=1e-6)
    assert answer.prices_of.startswith("2026-")
