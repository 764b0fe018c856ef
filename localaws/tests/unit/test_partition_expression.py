"""Expressions of GetPartitions, against SQLite for generated ones."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localaws.glue_catalog.partition_expression import NULL_PARTITION, PartitionExpressionError, parse

TYPES = {"y": "int", "m": "bigint", "name": "string", "day": "date", "share": "decimal(5,2)"}
ROWS = [
    {"y": "2021", "m": "2", "name": "a%b", "day": "2024-01-31", "share": "1.50"},
    {"y": "2021", "m": "10", "name": "it's", "day": "2024-02-01", "share": "10"},
    {"y": "999", "m": "2", "name": "B_c", "day": "1999-12-31", "share": "-0.25"},
    {"y": NULL_PARTITION, "m": "7", "name": NULL_PARTITION, "day": NULL_PARTITION, "share": NULL_PARTITION},
]


def chosen(expression, types=TYPES, rows=ROWS):
    accepts = parse(expression, types)
    return [position for position, row in enumerate(rows) if accepts(row)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("y = 2021 AND m = 2", [0], id="two keys"),
        pytest.param("m > 2", [1, 3], id="numbers, not texts"),
        pytest.param("y = '2021'", [0, 1], id="a number in quotes"),
        pytest.param("day >= '2024-01-31'", [0, 1], id="a date in quotes"),
        pytest.param("day = date '2024-02-01'", [1], id="a date literal"),
        pytest.param("name = 'it''s'", [1], id="a doubled quote"),
        pytest.param("name LIKE 'a%'", [0], id="like"),
        pytest.param("name not like '%b'", [1, 2], id="not like, and NULL is neither"),
        pytest.param("y IS NULL", [3], id="the default partition is NULL"),
        pytest.param("NOT (y IS NOT NULL)", [3], id="not and brackets"),
        pytest.param("y <> 2021", [2], id="NULL is unequal to nothing"),
        pytest.param("m IN (2, 7) OR y != 2021", [0, 2, 3], id="in"),
        pytest.param("m NOT BETWEEN 3 AND 10", [0, 2], id="not between"),
        pytest.param("share < 0 or share = 10.0", [1, 2], id="decimals"),
        pytest.param("\"NAME\" = 'a%b' and `y`=2021", [0], id="quoted names in any case"),
        pytest.param("2 = m", [0, 2], id="the constant first"),
        pytest.param("y > m", [0, 1, 2], id="two keys compared"),
        pytest.param("1=1", [0, 1, 2, 3], id="two constants compared"),
        pytest.param("share > -1", [0, 1, 2], id="a negative number"),
    ],
)
def test_an_expression_chooses_partitions_by_value_and_type(expression, expected):
    assert chosen(expression) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        pytest.param("q = 1", "'q' is not a partition key", id="another key"),
        pytest.param("nonsense ((", "'nonsense' is not a partition key", id="no expression"),
        pytest.param("y = ", "ends too early", id="half"),
        pytest.param("y = 1 m = 2", "unexpected m", id="no AND"),
        pytest.param("y", "unexpected the end", id="no condition"),
        pytest.param("(y = 1", "unexpected the end", id="an open bracket"),
        pytest.param("y = 'abc'", "'abc' is not a value of type int", id="a text for a number"),
        pytest.param("day = '31.1.2024'", "is not a value of type date", id="a date in another format"),
        pytest.param("name > y", "cannot be compared", id="two keys of other types"),
        pytest.param("y ; drop", "unexpected ;", id="another statement"),
        pytest.param("name like y", "LIKE needs a text", id="like a key"),
        pytest.param("y not = 1", "unexpected =", id="not before a comparison"),
        pytest.param("and = 1", "unexpected and", id="a reserved word"),
        pytest.param("lower(name) = 'x'", "'lower' is not a partition key", id="a function"),
        pytest.param("  ", "is empty", id="nothing"),
    ],
)
def test_what_is_not_an_expression_on_the_keys_is_refused_and_named(expression, reason):
    with pytest.raises(PartitionExpressionError, match=reason.replace("(", r"\(")):
        parse(expression, TYPES)


def test_a_key_of_a_type_without_an_order_is_refused():
    with pytest.raises(PartitionExpressionError, match="array<int>"):
        parse("a = '1'", {"a": "array<int>"})


OPERATORS = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="])
TEXTS = st.sampled_from(["a", "ab", "B", "a%", "_b", "it''s", ""])


@st.composite
def predicates(draw):
    if draw(st.booleans()):
        key, literal = draw(st.sampled_from(["y", "m"])), str(draw(st.integers(-3, 12)))
        second = str(draw(st.integers(-3, 12)))
    else:
        key, literal, second = "name", f"'{draw(TEXTS)}'", f"'{draw(TEXTS)}'"
    no = draw(st.sampled_from(["", "NOT "]))
    kinds = [
        f"{key} {draw(OPERATORS)} {literal}",
        f"{key} {no}IN ({literal}, {second})",
        f"{key} {no}BETWEEN {literal} AND {second}",
        f"{key} IS {no}NULL",
    ]
    if key == "name":
        kinds.append(f"{key} {no}LIKE {literal}")
    return draw(st.sampled_from(kinds))


EXPRESSIONS = st.recursive(
    predicates(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "or"]), inner).map(" ".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"NOT ({text})"),
    ),
    max_leaves=5,
)
VALUES = st.one_of(st.none(), st.integers(-3, 12))
NAMES = st.one_of(st.none(), st.sampled_from(["a", "ab", "B", "a%", "xb", "it's", "AB"]))


@given(EXPRESSIONS, st.lists(st.tuples(VALUES, VALUES, NAMES), min_size=1, max_size=6))
@settings(max_examples=400)
def test_generated_expressions_choose_what_sqlite_chooses(expression, rows):
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA case_sensitive_like = ON")
    database.execute("CREATE TABLE p (i INTEGER, y INTEGER, m INTEGER, name TEXT)")
    database.executemany("INSERT INTO p VALUES (?, ?, ?, ?)", [(i, *row) for i, row in enumerate(rows)])
    expected = [i for (i,) in database.execute(f"SELECT i FROM p WHERE {expression} ORDER BY i")]
    database.close()
    texts = [
        {
            key: NULL_PARTITION if value is None else str(value)
            for key, value in zip(("y", "m", "name"), row, strict=True)
        }
        for row in rows
    ]

    assert chosen(expression, {"y": "int", "m": "bigint", "name": "string"}, texts) == expected
