"""`make demo`: every row is accounted for, and its output says so."""

import pytest

from tests.e2e.conftest import DEMO

pytestmark = pytest.mark.e2e


def test_the_demo_accounts_for_every_row_the_first_time_and_again(demo):
    first, again = demo

    assert first["held"]
    assert again["held"]
    assert [line for line in [*first["datasets"], *first["world"]] if not line["holds"]] == []
    assert len(first["datasets"]) == 6  # in these three days there is no review
    assert first["daily_kpis"] == again["daily_kpis"] != []
    assert first["conversion_funnel"]


def test_the_demo_prints_text_for_people_too(run_lake):
    output = run_lake(*DEMO).output

    assert "Every row is accounted for." in output
    assert "lake quarantine list" in output


def test_a_scheduled_check_reads_rows_of_each_dataset_from_the_ledger(run_lake, demo):
    page = run_lake("monitor", "--no-fail").stdout

    assert page.startswith("<!-- cartlake-data:local -->\n")
    rows = [line for line in page.splitlines() if line.startswith("| transactions |")]
    assert len(rows) == 1
    assert "too few days" in rows[0]  # all files of the lake came today
