import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.compiler import compile_text

D = Decimal


@pytest.mark.parametrize(
    ("sql", "rows", "types"),
    [
        pytest.param("SELECT 7 / -2, -7 % 3", [(-3, -1)], ["integer", "integer"], id="integers truncate"),
        pytest.param(
            "SELECT 'abc' NOT LIKE '%b%', 'abc' NOT LIKE '%x%', 'a%' NOT LIKE 'a!%' ESCAPE '!', NOT 'abc' LIKE '%b%'",
            [(False, True, False, False)],
            ["boolean"] * 4,
            id="not like",
        ),
        pytest.param(
            "SELECT 1 NOT IN (1, 2), 3 NOT BETWEEN 1 AND 2, 1 IS NOT NULL, '{' IS NOT JSON, 1 IS NOT DISTINCT FROM 2",
            [(False, True, True, True, False)],
            ["boolean"] * 5,
            id="other predicates negated",
        ),
        pytest.param(
            "SELECT sum(amount), avg(amount), sum(amount) / count(*) FROM orders",
            [(D("30.50"), D("15.25"), D("10.17"))],
            ["decimal(38,2)", "decimal(12,2)", "decimal(38,2)"],
            id="decimals keep their scale",
        ),
        pytest.param(
            "SELECT amount * DECIMAL '2.50', amount + 1, amount / 3 FROM orders WHERE id = 1",
            [(D("26.2500"), D("11.50"), D("3.50"))],
            ["decimal(15,4)", "decimal(13,2)", "decimal(12,2)"],
            id="decimal arithmetic",
        ),
        pytest.param(
            "SELECT date_trunc('month', day) AS m, count(*) FROM orders GROUP BY 1 ORDER BY m",
            [(dt.date(2024, 1, 1), 3)],
            ["date", "bigint"],
            id="date stays a date",
        ),
        pytest.param(
            "SELECT CAST(at AT TIME ZONE 'Europe/Berlin' AS DATE) FROM orders WHERE id = 3",
            [(dt.date(2024, 1, 3),)],
            ["date"],
            id="the day depends on the zone",
        ),
        pytest.param(
            "SELECT o.id, u.tag FROM orders o CROSS JOIN UNNEST(o.tags) AS u(tag) ORDER BY 2 DESC",
            [(1, "b"), (1, "a")],
            ["bigint", "varchar"],
            id="unnest",
        ),
        pytest.param(
            "SELECT id FROM orders ORDER BY amount DESC", [(2,), (1,), (3,)], ["bigint"], id="nulls stand last"
        ),
        pytest.param(
            "WITH a AS (SELECT id AS n FROM orders), b(m) AS (SELECT n + 1 FROM a) SELECT max(m) FROM b",
            [(4,)],
            ["bigint"],
            id="with",
        ),
        pytest.param(
            "select sum(id) over (order by id rows between 1 preceding and current row) from orders order by id",
            [(1,), (3,), (5,)],
            ["bigint"],
            id="frames in lower case",
        ),
        pytest.param(
            "SELECT id, (SELECT count(*) FROM orders i WHERE i.day = o.day) FROM orders o ORDER BY id",
            [(1, 1), (2, 2), (3, 2)],
            ["bigint", "bigint"],
            id="correlated subquery",
        ),
        pytest.param(
            "SELECT total FROM daily ORDER BY day", [(D("10.50"),), (D("20.00"),)], ["decimal(38,2)"], id="view"
        ),
        pytest.param(
            "SELECT lake.orders.id FROM awsdatacatalog.lake.orders WHERE orders.id IN (1, 9)",
            [(1,)],
            ["bigint"],
            id="qualified names",
        ),
        pytest.param(
            "SELECT id FROM orders UNION SELECT DECIMAL '1.5' ORDER BY id LIMIT 2",
            [(D("1.0"),), (D("1.5"),)],
            ["decimal(20,1)"],
            id="set operations widen",
        ),
        pytest.param("SELECT TRY(1 / 0), TRY_CAST('x' AS DATE)", [(None, None)], ["integer", "date"], id="try"),
        pytest.param(
            "SELECT day, sum(sum(amount)) OVER (ORDER BY day) FROM orders GROUP BY day ORDER BY day",
            [(dt.date(2024, 1, 1), D("10.50")), (dt.date(2024, 1, 2), D("30.50"))],
            ["date", "decimal(38,2)"],
            id="window over an aggregate",
        ),
        pytest.param(
            "SELECT x AS id FROM (VALUES 2, 1) t(x) ORDER BY -id", [(2,), (1,)], ["integer"], id="order by alias"
        ),
    ],
)
def test_queries_mean_what_they_mean_in_trino(run, sql, rows, types):
    assert run(sql) == (rows, types)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT *\n FROM missing", "TABLE_NOT_FOUND: line 2:7: Table 'awsdatacatalog.lake.missing' does not exist"),
        ("SELECT id, nope FROM orders", "COLUMN_NOT_FOUND: line 1:12: Column 'nope' cannot be resolved"),
        ("SELECT id FROM orders a, orders b", "AMBIGUOUS_NAME: Column 'id' is ambiguous"),
        ("SELECT * FROM orders WHERE id = 'x'", "TYPE_MISMATCH: Cannot apply operator: bigint = varchar(1)"),
        ("SELECT * FROM orders WHERE id", "TYPE_MISMATCH: WHERE clause must evaluate to a boolean"),
        ("SELECT lower(id) FROM orders", "FUNCTION_NOT_FOUND: Unexpected parameters (bigint) for function lower"),
        ("SELECT id FROM orders ORDER BY 3", "INVALID_COLUMN_REFERENCE: ORDER BY position 3"),
        ("SELECT 1 UNION SELECT 'a'", "TYPE_MISMATCH: column 1 in UNION query has incompatible types"),
        ("SELECT now() AT TIME ZONE 'Nowhere/X'", "INVALID_FUNCTION_ARGUMENT: 'Nowhere/X' is not a valid time zone"),
        ("SELECT * FROM loop", "INVALID_VIEW"),
        ("SELECT (SELECT id, day FROM orders)", "INVALID_COLUMN_REFERENCE: Subquery must return one column"),
        ("SELECT flatten(ARRAY[1])", "FUNCTION_NOT_FOUND: Unexpected parameters (array(integer)) for function flatten"),
        ("SELECT * FROM orders NATURAL JOIN orders", "NOT_SUPPORTED: line 1:15: Natural join not supported"),
        ("SELECT 1 FROM orders a\nNATURAL LEFT JOIN orders b", "NOT_SUPPORTED: line 1:15: Natural join not supported"),
    ],
)
def test_errors_have_trinos_messages(run, sql, message):
    with pytest.raises(AthenaError) as raised:
        run(sql)

    assert str(raised.value).startswith(message)


def test_a_share_of_a_subquery_is_sampled(run):
    assert run("SELECT count(*) FROM (SELECT id FROM orders) o TABLESAMPLE BERNOULLI (100)")[0] == [(3,)]
    assert run("SELECT count(*) FROM (SELECT id FROM orders) o TABLESAMPLE BERNOULLI (0)")[0] == [(0,)]


def test_a_histogram_of_many_different_values_is_refused_because_their_order_decides(run):
    many = "SELECT numeric_histogram(3, CAST(x AS double)) FROM UNNEST(sequence(1, 104)) t(x)"
    few = "SELECT cardinality(numeric_histogram(3, CAST(x AS double))) FROM UNNEST(sequence(1, 103)) t(x)"

    with pytest.raises(duckdb.Error, match=r"NOT_SUPPORTED: numeric_histogram of more than 103 values"):
        run(many)
    assert run(few)[0] == [(3,)]
    assert run(many.replace("CAST(x AS double)", "CAST(x % 3 AS double)"))[0] != []


def test_words_of_the_session_have_no_name(tables):
    sql = "SELECT current_schema, current_catalog, current_user, localtime, day FROM orders"

    names = [name for name, _ in compile_text(tables, sql, "lake").columns]

    assert names == ["_col0", "_col1", "_col2", "_col3", "day"]


@pytest.mark.parametrize(
    ("sql", "construct"),
    [
        ("SELECT spooky_hash_v2_64(to_utf8('a'))", "Function spooky_hash_v2_64"),
        ("SELECT id FROM orders TABLESAMPLE SYSTEM (10)", "Sampling"),
        ("SELECT year(IF(id = 1, at AT TIME ZONE 'Asia/Tokyo', at)) FROM orders", "time zones differ"),
        ("SELECT id FROM orders GROUP BY ALL", "ALL"),
    ],
)
def test_the_error_for_an_unsupported_construct_names_it(run, sql, construct):
    with pytest.raises(UnsupportedSqlError, match="not supported by the local Athena engine") as raised:
        run(sql)

    assert construct in str(raised.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 2147483647 + 1",
        "SELECT CAST('1.5' AS INTEGER)",
        "SELECT ARRAY[1][2]",
        "SELECT MAP(ARRAY['a'], ARRAY[1])['b']",
        "SELECT id / (id - id) FROM orders",
        "SELECT amount % 0 FROM orders",
        "SELECT DATE '2024-01-01' + (at - at + INTERVAL '1' HOUR) FROM orders",
        "SELECT (SELECT id FROM orders)",
        "SELECT CAST('maybe' AS BOOLEAN)",
    ],
)
def test_values_trino_fails_on_fail_here(run, sql):
    with pytest.raises(duckdb.Error):
        run(sql)


def test_a_filter_inside_a_common_table_expression_reaches_the_scan(tables):
    relation = compile_text(
        tables, "WITH o AS (SELECT * FROM orders) SELECT id FROM o WHERE day = DATE '2024-01-01'", "lake"
    )

    assert "NOT MATERIALIZED" in relation.sql


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ROW(1, NULL) = ROW(1, NULL)", None),
        ("ROW(1, NULL) = ROW(2, NULL)", False),
        ("ARRAY[1, NULL] = ARRAY[1, NULL]", None),
        ("ARRAY[1, NULL] = ARRAY[2, NULL]", False),
        ("ARRAY[1, 2] <> ARRAY[1]", True),
        ("contains(ARRAY[1, NULL], 2)", None),
        ("contains(ARRAY[1, NULL], 1)", True),
        ("any_match(ARRAY[1, NULL], x -> x > 1)", None),
        ("ROW(1, 'a') IN (ROW(1, 'b'), ROW(1, 'a'))", True),
        ("NULL IN (1, 2)", None),
        ("arrays_overlap(ARRAY[1, NULL], ARRAY[2])", None),
    ],
)
def test_unknown_stays_unknown_inside_nested_values(run, expression, value):
    assert run(f"SELECT {expression}")[0] == [(value,)]
