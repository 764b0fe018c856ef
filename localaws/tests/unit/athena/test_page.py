"""The page of functions and statements is that of the tables of the engine."""

from pathlib import Path

import pytest

from localaws.athena import page
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.compiler import compile_text
from localaws.athena.sql.expressions.calls import AGGREGATES, SCALARS
from localaws.athena.sql.functions import reference

PAGE = Path(__file__).parents[3] / "docs" / "athena-functions.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page.page()


def test_every_function_of_the_engine_is_one_of_the_reference():
    assert {*SCALARS, *AGGREGATES} <= reference.NAMES


@pytest.mark.parametrize("name", sorted(reference.NAMES - {*SCALARS, *AGGREGATES} - reference.WITH_OWN_SYNTAX))
def test_a_function_that_is_missing_is_refused_by_its_name(no_tables, name):
    with pytest.raises(AthenaError) as raised:
        compile_text(no_tables, f"SELECT {name}(1)")

    assert name in str(raised.value).lower()
    assert isinstance(raised.value, UnsupportedSqlError) or raised.value.code in {"SYNTAX_ERROR", "COLUMN_NOT_FOUND"}


def test_a_function_that_does_not_exist_is_an_error_with_its_place(no_tables):
    with pytest.raises(AthenaError) as raised:
        compile_text(no_tables, "SELECT 1,\n  lenght('a')")

    assert str(raised.value) == "FUNCTION_NOT_FOUND: line 2:3: Function 'lenght' not registered"
