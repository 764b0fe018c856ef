"""The stored text of a view is formatted, and has the same structure as the text that was sent."""

import pytest

from localaws.athena.ddl.view_text import stored_text, structure
from localaws.athena.errors import MalformedQueryError


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param("select a as b from t", "SELECT a b\nFROM\n  t", id="no AS before an alias, keywords in capitals"),
        pytest.param("select a -- why\nfrom t", "SELECT a\nFROM\n  t", id="no comments"),
        pytest.param("select a + b * 2 from t", "SELECT (a + (b * 2))\nFROM\n  t", id="operations in brackets"),
        pytest.param(
            "select a from t where a > 1 and b = 'x'",
            "SELECT a\nFROM\n  t\nWHERE ((a > 1) AND (b = 'x'))",
            id="conditions in brackets",
        ),
        pytest.param(
            "select cast(a as varchar(3)) from t", "SELECT CAST(a AS VARCHAR(3))\nFROM\n  t", id="AS of a cast"
        ),
        pytest.param(
            "select distinct a, u.b c from db.t as u group by a, 2 order by c desc, a limit 3",
            "SELECT DISTINCT\n  a\n, u.b c\nFROM\n  db.t u\nGROUP BY a, 2\nORDER BY c DESC, a ASC\nLIMIT 3",
            id="columns and clauses on lines of their own",
        ),
        pytest.param(
            "select a from (select a from t) as s",
            "SELECT a\nFROM\n  (\n    SELECT a\n    FROM\n      t\n  ) s",
            id="subquery",
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
        "select a from t where s not like 'x%' and s not like 'y!%' escape '!' and a not in (1, 2) and b is not null",
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
