"""What every named query says of itself, and what the values of its parameters may be."""

import re
from datetime import date

import pytest
from sqlglot import exp

from cartlake.queries.named_queries import NamedQuery, Parameter, ParameterError
from localaws.athena.sql.parser import parsing
from tests.queries.conftest import QUERIES, TODAY

FILES = sorted(QUERIES.glob("*.sql"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def query(request):
    return NamedQuery.read(request.param.stem, request.param.read_text())


def test_a_query_says_what_it_answers_its_grain_its_owner_and_what_it_scans(query):
    assert re.match(r"[A-Z][A-Za-z ]+: .+\.", query.about)
    assert query.grain
    assert query.owner
    assert re.fullmatch(r"[\d,]+ kB of the demo's world", query.scans)


def test_the_parameters_a_query_names_are_those_of_its_text(query):
    assert len(query.parameters) == len(list(parsing.parse(query.sql).find_all(exp.Placeholder)))
    assert len(query.literals({}, TODAY)) == len(query.parameters)  # all have a default


def test_over_empty_tables_a_query_has_no_rows(run, query):
    assert run(query.name) == [] or query.name == "data_freshness"  # that one is about the tables


def read(parameters):
    return NamedQuery.read("sales", f"-- Sales: all.\n-- Parameters: {parameters}.\nselect ?")


def test_parameters_are_read_in_order_with_their_defaults():
    query = read("first_day date = first of month, 2 months ago, least integer = 5, channel varchar")

    assert query.parameters == (
        Parameter("first_day", "date", "first of month, 2 months ago"),
        Parameter("least", "integer", "5"),
        Parameter("channel", "varchar", None),
    )
    assert query.literals({"channel": "it's"}, date(2026, 1, 31)) == ["date '2025-11-01'", "5", "'it''s'"]


def test_a_day_is_reckoned_from_today():
    assert read("first_day date = 30 days ago").literals({}, date(2026, 3, 1)) == ["date '2026-01-30'"]


def test_a_query_saved_by_hand_has_no_parameters():
    assert NamedQuery.read("mine", "select 1").literals({}, TODAY) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "sales: channel (varchar) must be given: -p channel=VALUE."),
        (
            {"channel": "web", "first_day": "06/30/2026"},
            "sales: '06/30/2026' is not a date for first_day; write it as in -p first_day=2026-11-01.",
        ),
        (
            {"channel": "web", "day": "2026-06-30"},
            "sales has no parameter day. Its parameters: channel varchar, first_day date = 30 days ago.",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(given, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        read("channel varchar, first_day date = 30 days ago").literals(given, TODAY)


def test_a_parameter_of_no_type_is_refused_with_an_example():
    with pytest.raises(ParameterError, match=re.escape("sales: 'first_day' is not a parameter; write it like")):
        read("first_day")
