"""Metrics in Prometheus' format, read by the official parser, and the Grafana dashboard that shows them."""

import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from cartlake.ledger import RunRecord, RunState
from cartlake.ledger.models import RowCounts
from cartlake.runs.documents import EngineChoice
from cartlake_cli.commands.maintenance.metrics import GRAFANA
from cartlake_cli.errors import Exit
from cartlake_cli.main import app
from cartlake_cli.monitoring.prometheus import exposition

STATUS = {
    "datasets": [
        {"dataset": "orders", "LOADED": 7, "REJECTED": 2, "pending": 3, "running": "orders-x", "next_run_at": None},
        {"dataset": 'we"ird\\', "pending": 0, "running": None, "next_run_at": None},
    ],
    "dead_letters": {"incoming": 1, "events": 0},
}
HEALTH = [
    {"table": "processed.orders", "age_hours": 30.5, "promised_hours": 24.0, "state": "overdue", "rows": 100,
     "size": 2048, "quarantine_rate": 0.25},
    {"table": "curated.new", "age_hours": None, "promised_hours": None, "state": "empty", "quarantine_rate": None},
]  # fmt: skip


def run(minute, state=RunState.SUCCEEDED, engine="light", **changed):
    return RunRecord(
        run_id=f"orders-20260301T08{minute:02}00-00000a",
        subject="orders",
        state=state,
        started_at=f"2026-03-01T08:{minute:02}:00.000000Z",
        engine=EngineChoice(engine=engine, reason="small"),
        **{"ended_at": f"2026-03-01T08:{minute:02}:30.000000Z", **changed},
    )


@pytest.fixture
def values():
    counts = RowCounts(read=10, published=7, quarantined=2, duplicate=1)
    runs = [run(1, counts=counts, cost_usd=0.01), run(2, counts=counts, cost_usd=0.02), run(3, RunState.FAILED)]
    text = exposition(STATUS, HEALTH, [*runs, run(4, RunState.RUNNING, ended_at=None)])
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_each_figure_is_what_is_on_record(values):
    assert values["cartlake_files", "LOADED", "orders"] == 7
    assert values["cartlake_files_waiting", "orders"] == 3
    assert (values["cartlake_run_at_work", "orders"], values["cartlake_run_at_work", 'we"ird\\']) == (1, 0)
    assert values["cartlake_dead_letters", "incoming"] == 1
    assert values["cartlake_table_age_hours", "processed.orders"] == 30.5
    assert (values["cartlake_table_overdue", "processed.orders"], values["cartlake_table_overdue", "curated.new"]) == (
        1,
        0,
    )
    assert values["cartlake_quarantine_ratio", "processed.orders"] == 0.25
    assert values["cartlake_runs_last_day", "SUCCEEDED", "light", "orders"] == 2
    assert values["cartlake_runs_last_day", "FAILED", "light", "orders"] == 1
    rows = {outcome: values["cartlake_rows_last_day", *sorted(("orders", outcome))] for outcome in OUTCOMES}
    assert rows == {"published": 14, "quarantined": 4, "duplicate": 2}
    assert values["cartlake_run_seconds_last_day", "orders"] == 90
    assert values["cartlake_run_cost_usd_last_day", "light", "orders"] == pytest.approx(0.03)


OUTCOMES = ("published", "quarantined", "duplicate")


def test_what_is_not_known_is_left_out(values):
    assert ("cartlake_table_age_hours", "curated.new") not in values


def test_the_dashboard_asks_for_metrics_that_there_are(values):
    asked = [target["expr"] for panel in json.loads(GRAFANA.read_text())["panels"] for target in panel["targets"]]
    named = {name for expression in asked for name in re.findall(r"cartlake_\w+", expression)}

    assert named == {name for name, *_ in values}


def test_one_of_both_is_asked_for():
    for options in ([], ["--prometheus", "--grafana"]):
        assert CliRunner().invoke(app, ["metrics", *options]).exit_code == Exit.USAGE
    assert json.loads(CliRunner().invoke(app, ["metrics", "--grafana"]).stdout)["title"] == "Cartlake"
