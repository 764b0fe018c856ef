"""The stored text of a view is formatted, and has the same structure as the text that was sent."""

import pytest

from localaws.athena.ddl.view_text import stored_text, structure
from localaws.athena.errors import MalformedQueryError


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param("select a as b from t", "SELECT\n  a b\nFROM t", id="no AS before an alias, keywords in capitals"),
        pytest.param("select a -- why\nfrom t", "SELECT\n  a\nFROM t", id="no comments"),
        pytest.param("select a + b * 2 from t", "SELECT\n  (a + (b * 2))\nFROM t", id="operations in brackets"),
        pytest.param(
            "select a from t where a > 1 and b = 'x'",
            "SELECT\n  a\nFROM t\nWHERE\n  ((a > 1) AND (b = 'x'))",
            id="conditions in brackets",
        ),
        pytest.param(
            "select cast(a as varchar(3)) from t", "SELECT\n  CAST(a AS VARCHAR(3))\nFROM t", id="AS of a cast"
        ),
        pytest.param("select X'4142'", "select X'4142'", id="what would change its meaning stays"),
    ],
)
def test_the_stored_text_is_athenas(sent, stored):
    assert stored_text(sent) == stored


@pytest.mark.parametrize(
    "sent",
    [
        "select a or b and not c as x, (1 + 2) * 3 as y, -a as z from t",
        "select a from t where s like 'x%' escape '\\' and a between 1 and 2 or b in (1, 2) and d is not null",
        "with w as (select a from t) select w.a as b from w left join u as v on w.a = v.a and w.b < v.b",
        "select sum(a) filter (where a > 1) over (order by c rows between 1 preceding and current row) from t",
        "select transform(a, x -> x + 1)[1], m['k'].f, if(a = 1, 'y') from t cross join unnest(b) as u (c)",
        "select a from t union all (select b from u order by b desc limit 3)",
        "select cast(at as timestamp(3)) as at, date_trunc('day', at at time zone 'UTC') as day from t",
        "select row_number() over (order by a desc nulls last) as n from t group by rollup (a, b) having sum(c) > 1",
    ],
)
def test_the_stored_text_has_the_structure_of_the_text_that_was_sent(sent):
    stored = stored_text(sent)

    assert stored != sent
    assert structure(stored) == structure(sent)
    assert stored_text(stored) == stored


def test_text_that_is_not_a_query_is_refused():
    with pytest.raises(MalformedQueryError):
        stored_text("select from where")
