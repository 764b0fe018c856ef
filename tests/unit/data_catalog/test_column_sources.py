"""How a query uses each column, where a person can say what it must be."""

import pytest
from sqlglot import parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from data_catalog.column_sources import Resolver

SCHEMA = {"a": {"k": "int", "x": "int", "y": "int", "day": "date"}, "b": {"k": "int", "z": "int"}}


def sources(sql):
    tree = qualify(parse_one(sql, read="duckdb"), dialect="duckdb", schema=SCHEMA)
    root = build_scope(tree)
    found = Resolver({"a": "lake.a", "b": "lake.b"}).table(root, iter(tree.named_selects))
    columns = {name: {f"{s.table[5:]}.{s.column} {s.kind}" for s in of} for name, of in found.columns.items()}
    return columns, {f"{s.table[5:]}.{s.column} {s.kind}" for s in found.rows}


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ("x", {"a.x IDENTITY"}),
        ("(x)", {"a.x IDENTITY"}),
        ("x + y", {"a.x TRANSFORMATION", "a.y TRANSFORMATION"}),
        ("cast(x as varchar)", {"a.x TRANSFORMATION"}),
        ("case when y > 0 then x end", {"a.x TRANSFORMATION", "a.y CONDITIONAL"}),
        ("case y when 1 then x else 0 end", {"a.x TRANSFORMATION", "a.y CONDITIONAL"}),
        ("row_number() over (partition by k order by x)", {"a.k WINDOW", "a.x WINDOW"}),
        ("lag(x) over (order by y)", {"a.x AGGREGATION", "a.y WINDOW"}),
        ("1", set()),
        ("current_date", set()),
    ],
)
def test_a_value_of_one_row(value, used):
    columns, rows = sources(f"select {value} as v from a")

    assert columns == {"v": used}
    assert rows == set()


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ("sum(x)", {"a.x AGGREGATION"}),
        ("coalesce(sum(case when y > 0 then x end), 0)", {"a.x AGGREGATION", "a.y CONDITIONAL"}),
        ("sum(x) filter (where y > 0)", {"a.x AGGREGATION", "a.y CONDITIONAL"}),
        ("arg_min(x, y)", {"a.x AGGREGATION", "a.y CONDITIONAL"}),
        ("count(*)", set()),
    ],
)
def test_a_value_of_a_group(value, used):
    columns, rows = sources(f"select k, {value} as v from a group by k")

    assert columns == {"k": {"a.k IDENTITY"}, "v": used}
    assert rows == {"a.k GROUP_BY"}


def test_what_decides_about_the_rows():
    _, rows = sources(
        "select a.x from a join b on a.k = b.k where b.z > 0 and a.x in (select k from b) qualify "
        "row_number() over (partition by a.day order by a.y) = 1 order by a.x"
    )

    assert rows == {
        "a.k JOIN", "b.k JOIN", "b.z FILTER", "b.k FILTER", "a.x FILTER", "a.day FILTER", "a.y FILTER", "a.x SORT",
    }  # fmt: skip


def test_steps_in_a_row_count_by_the_strongest_and_conditions_stay_conditions():
    columns, rows = sources(
        "with t as (select k, case when y > 0 then x end as v from a where day is not null), "
        "s as (select k, sum(v) as v from t group by k) select v + 1 as w, k from s"
    )

    assert columns == {"w": {"a.x AGGREGATION", "a.y CONDITIONAL"}, "k": {"a.k IDENTITY"}}
    assert rows == {"a.day FILTER", "a.k GROUP_BY"}


def test_a_union_is_of_all_its_parts_by_position():
    columns, _ = sources("select x as v from a union all select z as q from b union all select y from a")

    assert columns == {"v": {"a.x IDENTITY", "b.z IDENTITY", "a.y IDENTITY"}}


def test_a_subquery_that_reads_the_query_around_it():
    columns, rows = sources("select x from a where exists (select 1 from b where b.k = a.k)")

    assert columns == {"x": {"a.x IDENTITY"}}
    assert {"b.k FILTER", "a.k FILTER"} <= rows


def test_tables_that_are_not_of_the_lake_are_no_sources():
    columns, _ = sources("select i.v + x as v from a, (select unnest([1, 2]) as v) as i")

    assert columns == {"v": {"a.x TRANSFORMATION"}}
