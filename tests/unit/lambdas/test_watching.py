"""A sweep says what did not happen: datasets without a success in time, runs that take too long, unusual days."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cartlake.ledger import Backfill, RunRecord, RunState
from cartlake.runs.documents import RowCounts
from cartlake.runs.ids import Workflow
from cartlake.times import stamp
from lambdas.lake_sweeper import handler
from lambdas.lake_sweeper.watching import Freshness, Unusual, Watched, freshness, last_success, stuck, unusual

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def run(hours_ago, state=RunState.SUCCEEDED, subject="transactions", rows=None, **more):
    began = NOW - timedelta(hours=hours_ago)
    ended = None if state is RunState.RUNNING else stamp(began)
    counts = rows and RowCounts(read=rows, published=rows, quarantined=0, duplicate=0)
    return RunRecord(
        run_id=f"{subject}-{began:%Y%m%dT%H%M%S}-aaaaaa",
        subject=subject,
        state=state,
        started_at=stamp(began),
        ended_at=ended,
        counts=counts,
        **more,
    )


class Runs:
    """A ledger with these runs, the newest first, and no files."""

    def __init__(self, *runs):
        self._runs, self.runs, self.files = runs, self, self

    def list(self, subject, limit=None):
        return [one for one in self._runs if one.subject == subject][:limit]

    def datasets(self):
        return []


def test_a_dataset_is_overdue_after_the_hours_of_its_sla():
    [late] = freshness(Runs(run(48.5)), NOW)
    [fresh] = freshness(Runs(run(47.5)), NOW)

    assert (late, late.overdue) == (Freshness("transactions", 48.5, 48), True)
    assert not fresh.overdue


def test_a_mart_is_as_fresh_as_the_last_refresh():
    assert freshness(Runs(run(50, subject=Workflow.REFRESH)), NOW) == [Freshness("sales_daily", 50, 48)]


def test_a_dataset_that_never_had_a_run_promised_nothing_yet():
    assert freshness(Runs(), NOW) == []


def test_failures_are_no_success_and_a_backfill_reads_old_files():
    backfill = Backfill(
        request_id="r", dataset="transactions", first=NOW.date(), last=NOW.date(), requested_at=stamp(NOW)
    )
    runs = [run(1, RunState.FAILED), run(2, backfill=backfill), run(3, RunState.RUNNING), run(60)]

    assert last_success(runs) == NOW - timedelta(hours=60)


def test_where_nothing_ever_succeeded_the_oldest_run_counts():
    assert last_success([run(1, RunState.FAILED), run(70, RunState.FAILED)]) == NOW - timedelta(hours=70)


def test_a_run_is_stuck_after_four_hours():
    late = run(4.1, RunState.RUNNING)

    assert stuck(Runs(run(3.9, RunState.RUNNING, "customers"), late, run(9)), NOW) == [late.run_id]


def test_a_day_with_far_fewer_rows_is_unusual():
    weeks = [run(24 * day, rows=1000) for day in range(2, 16)]

    [found] = unusual(Runs(run(24, rows=10), *weeks), NOW)

    assert found == Unusual("transactions", "10 rows came on 2026-01-30; 1,000 is usual")
    assert unusual(Runs(run(24, rows=1000), *weeks), NOW) == []


@pytest.fixture
def sent(capsys):
    """Metrics of a sweep for the lake as a whole, by name."""

    def of(watched):
        handler._count(watched)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        names = ("DatasetsOverdue", "RunsStuck", "DatasetsUnusual")
        return {name: line[name] for line in lines if "dataset" not in line for name in names if name in line}

    return of


def test_a_sweep_says_that_nothing_is_overdue_and_keeps_quiet_about_the_rest(sent):
    assert sent(Watched([], [], [])) == {"DatasetsOverdue": [0.0]}
    assert sent(Watched([Freshness("a", 1, 2)], [], [])) == {"DatasetsOverdue": [0.0]}


def test_a_sweep_sends_what_alarms_watch(sent):
    found = Watched([Freshness("a", 3, 2)], ["run"], [Unusual("a", "none came")])

    assert sent(found) == {"DatasetsOverdue": [1.0], "RunsStuck": [1.0], "DatasetsUnusual": [1.0]}
    assert found.answer() == {
        "overdue": [{"dataset": "a", "hours": 3, "promised_hours": 2}],
        "stuck": ["run"],
        "unusual": [{"dataset": "a", "finding": "none came"}],
    }
