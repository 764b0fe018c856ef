"""What `lake query` prints of a result."""

import json
from types import SimpleNamespace

import pytest

from cartlake_cli.athena.client import QueryResult
from cartlake_cli.commands.tables.query import show
from cartlake_cli.output import Output

VALUES = {
    "boolean": "false",
    "double": "0.1234567",
    "bigint": "1234567",
    "decimal": "1234.50",
    "varchar": "0012",
    "timestamp": None,
}


@pytest.fixture
def result():
    columns = [(f"a_{kind}", kind) for kind in VALUES]
    return QueryResult("id", columns, [list(VALUES.values()), ["true", "NaN", None, None, "", None]], 0, 0)


def test_programs_get_values_of_their_types_and_decimals_to_the_last_digit(capsys, result):
    show(SimpleNamespace(output=Output(as_json=True)), "", result)

    first, second = json.loads(capsys.readouterr().out)
    assert list(first.values()) == [False, 0.1234567, 1234567, "1234.50", "0012", None]
    assert list(second.values()) == [True, "NaN", None, None, "", None]


def test_people_get_every_digit_and_every_column(capsys, result):
    show(SimpleNamespace(output=Output()), "", result)

    printed = capsys.readouterr().out
    assert all(text in printed for text in ("false", "0.1234567", "1,234,567", "1,234.50", "0012", "a_timestamp"))
