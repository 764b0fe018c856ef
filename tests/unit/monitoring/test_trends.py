"""An unusual day is told from a usual one, and nothing is said where too little is known."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cartlake.ledger import RunRecord, RunState
from cartlake.runs.documents import RowCounts
from cartlake.runs.trends import Day, by_day, trend_of
from cartlake.times import stamp
from cartlake_cli.monitoring.page import findings, monitoring_page

TODAY = date(2026, 3, 31)
YESTERDAY = TODAY - timedelta(days=1)
TABLE = {"table": "processed.orders", "state": "ok", "reason": None, "repeated_keys": 0}


def days(yesterday, before=100, refused_before=1, number=14):
    usual = {YESTERDAY - timedelta(days=back): Day(before, refused_before) for back in range(1, number + 1)}
    return usual | ({YESTERDAY: yesterday} if yesterday else {})


@pytest.mark.parametrize(
    ("yesterday", "finding"),
    [
        pytest.param(Day(100, 1), None, id="as ever"),
        pytest.param(Day(50, 0), None, id="half is still usual"),
        pytest.param(Day(49, 0), "49 rows came on 2026-03-30; 100 is usual", id="few"),
        pytest.param(Day(200, 2), None, id="twice is still usual"),
        pytest.param(Day(201, 2), "201 rows came", id="many"),
        pytest.param(None, "0 rows came", id="none"),
        pytest.param(Day(100, 3), None, id="three of a hundred"),
        pytest.param(Day(100, 4), "4.0% of the rows of 2026-03-30 were refused; 1.0% is usual", id="many refused"),
    ],
)
def test_a_day_is_compared_with_the_median_of_those_before(yesterday, finding):
    found = trend_of("orders", days(yesterday), TODAY).finding

    assert found is None if finding is None else found.startswith(finding)


def test_of_a_dataset_that_has_just_begun_nothing_is_unusual():
    assert trend_of("orders", days(Day(9999, 9999), number=6), TODAY).finding is None


def test_days_without_rows_and_days_long_ago_are_no_measure():
    weekly = {YESTERDAY - timedelta(days=7 * back): Day(100) for back in range(1, 9)}

    assert trend_of("orders", weekly | {YESTERDAY: Day(1)}, TODAY).usual_rows is None  # four days within 28


def test_today_is_not_over_and_counts_for_nothing():
    assert trend_of("orders", days(Day(100, 1)) | {TODAY: Day(1, 1)}, TODAY).finding is None


def run(ended, read, quarantined, backfill=None):
    return RunRecord(
        run_id="r",
        subject="orders",
        state=RunState.SUCCEEDED,
        started_at=stamp(ended),
        ended_at=stamp(ended),
        counts=RowCounts(read=read, published=read - quarantined, quarantined=quarantined, duplicate=0),
        backfill=backfill,
    )


def test_rows_are_added_up_by_the_day_on_which_runs_ended():
    late = datetime(2026, 3, 30, 23, 59, 59, tzinfo=UTC)
    runs = [run(late, 10, 1), run(late, 5, 2), run(late + timedelta(seconds=1), 7, 0)]

    assert by_day(runs) == {YESTERDAY: Day(15, 3), TODAY: Day(7, 0)}


def test_runs_that_failed_or_are_running_count_for_nothing():
    failed = RunRecord(run_id="r", subject="orders", state=RunState.FAILED, started_at="2026-03-30T01:00:00Z")

    assert by_day([failed]) == {}


class TestPage:
    def test_all_as_usual(self):
        trend = trend_of("orders", days(Day(100, 1)), TODAY)

        assert findings([TABLE], [trend]) == []
        page = monitoring_page("dev", [], [trend])
        assert page.startswith("<!-- cartlake-data:dev -->\n## Data of `dev` is as usual\n\n| Dataset |")
        assert "| orders | 100 | 100 | 1.00% | 1.00% |" in page

    def test_what_needs_a_person_is_listed(self):
        late = TABLE | {"state": "overdue", "reason": "30 h old, 24 h promised"}
        twice = TABLE | {"table": "processed.items", "repeated_keys": 2}
        trend = trend_of("orders", days(None), TODAY)

        found = findings([TABLE, late, twice], [trend])

        assert found == [
            "`processed.orders` is overdue: 30 h old, 24 h promised",
            "`processed.items` has keys that stand more than once",
            "`orders`: 0 rows came on 2026-03-30; 100 is usual",
        ]
        assert "3 to look at" in monitoring_page("dev", found, [trend])

    def test_a_young_dataset_says_that_too_few_days_are_known(self):
        page = monitoring_page("dev", [], [trend_of("orders", days(Day(5), number=2), TODAY)])

        assert "| orders | 5 | too few days | 0.00% | too few days |" in page
