import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartlake_cli.output import Output, styled


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        pytest.param(None, "", id="null is empty"),
        pytest.param(True, "yes", id="booleans are words"),
        pytest.param(1234567, "1,234,567", id="thousands are separated"),
        pytest.param(Decimal("1234.50"), "1,234.50", id="decimals keep their digits"),
        pytest.param(datetime(2026, 5, 1, 9, 30, tzinfo=UTC), "2026-05-01 09:30:00.000Z", id="times are short"),
        pytest.param("FAILED", "[red]FAILED[/red]", id="states have their colour"),
        pytest.param("[a, b]", "\\[a, b]", id="brackets are not markup"),
        pytest.param({"a": 1}, '{"a": 1}', id="nested values are JSON"),
    ],
)
def test_a_cell_reads_well(value, cell):
    assert styled(value) == cell


def test_json_prints_whole_records_and_nothing_else(capsys):
    output = Output(as_json=True)
    output.say("progress")

    output.records("Title", ["a"], [{"a": 1, "b": Decimal("2.10")}])

    printed = capsys.readouterr()
    assert json.loads(printed.out) == [{"a": 1, "b": "2.10"}]
    assert printed.err == ""


def test_a_table_shows_the_chosen_columns(capsys):
    Output().records("Runs", ["run"], [{"run": "r-1", "hidden": "x"}])

    printed = capsys.readouterr().out
    assert "r-1" in printed
    assert "hidden" not in printed


def test_what_people_copy_is_printed_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    row = {
        "snapshot_id": 1997600825230649324,
        "iso_year": 2026,
        "since": "2026-05-01 09:30",
        "rows": 12345,
        "note": "a " * 40,
    }
    Output().records("Versions", list(row), [row])

    printed = capsys.readouterr().out
    assert "1997600825230649324" in printed
    assert " 2026 " in printed
    assert "2026-05-01 09:30" in printed
    assert "12,345" in printed


def test_long_names_of_columns_are_broken_and_not_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    names = ["customer_record_changes", "cancelled_orders", "margin_after_returns", "average_order_value"]

    Output().records("Sales", names, [dict.fromkeys(names, 1)])

    lines = capsys.readouterr().out.splitlines()
    assert {word for line in lines for word in line.split()} >= {
        "customer_",
        "record_",
        "changes",
        "margin_",
        "returns",
        "average_",
    }
    assert max(map(len, lines)) <= 50


def test_a_row_that_is_too_wide_becomes_a_block_of_lines(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    row = {f"amount_{number}": Decimal("1234567.89") for number in range(5)}

    Output().records("Sales", list(row), [row, row])

    printed = capsys.readouterr().out
    assert printed.count("1,234,567.89") == 10
    assert printed.count("amount_4") == 2


def test_the_columns_of_a_query_are_shown_even_if_all_are_null(capsys):
    Output().records("Query", ["a", "b"], [{"a": None, "b": 1}], whole=True)

    assert capsys.readouterr().out.splitlines()[2].split() == ["a", "b"]
