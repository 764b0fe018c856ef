import json
from decimal import Decimal

import pytest

from cartlake.cli.output import Output, styled


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        pytest.param(None, "", id="null is empty"),
        pytest.param(True, "yes", id="booleans are words"),
        pytest.param(1234567, "1,234,567", id="thousands are separated"),
        pytest.param(Decimal("1234.50"), "1,234.50", id="decimals keep their digits"),
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
