"""A typing mistake is a syntax error with its place, a missing feature NOT_SUPPORTED; no words of DuckDB."""

import duckdb
import pytest

from localaws.athena import duck
from localaws.athena.duckdb_errors import translated
from localaws.athena.errors import AthenaError, MalformedQueryError, UnsupportedSqlError
from localaws.athena.sql.compiler import compile_text
from localaws.athena.sql.parser.parsing import parse


@pytest.mark.parametrize(
    ("sql", "place", "token"),
    [
        ("select 1,", "1:10", "<EOF>"),
        ("select 1, from t", "1:11", "from"),
        ("select 1 limit 2 offset 5", "1:18", "offset"),
        ("select x from (select 1 x limit 1 offset 2)", "1:35", "offset"),
        ("select * from t@123", "1:16", "@"),
        ("select a::int from t", "1:9", "::"),
        ("select 1 == 1", "1:10", "=="),
        ("select 1\n  == 1", "2:3", "=="),
        ("select a & b from t", "1:10", "&"),
        ("select * from t where", "1:22", "<EOF>"),
        ("select 1 +", "1:11", "<EOF>"),
        ("select (1", "1:10", "<EOF>"),
        ("select count(* from t", "1:16", "from"),
        ("select 1 1", "1:10", "1"),
        ("select 'a", "1:8", "'"),
        ('select "a', "1:8", '"'),
        ("select 1 /* a", "1:10", "/*"),
        ("selec 1", "1:7", "1"),
        ("select 'it''s' x from t where a = 'b@c' and", "1:44", "<EOF>"),
    ],
)
def test_a_typing_mistake_is_a_syntax_error_with_its_place(sql, place, token):
    with pytest.raises(MalformedQueryError) as raised:
        parse(sql)

    assert str(raised.value).startswith(f"SYNTAX_ERROR: line {place}: mismatched input '{token}'")
    assert "sqlglot" not in str(raised.value)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from t offset 5 limit 2",
        "select (select x from t limit 1), 2 from u offset 3",
        "select 'a@b', '1,' from t -- c @ d,",
        'select "a@b" from t /* e::f */',
        "select offset from t limit 1",
        "(select 1 limit 1) union (select 2 offset 1)",
        "select 1 limit 1;",
    ],
)
def test_what_trino_allows_stays_allowed(sql):
    parse(sql)


def test_backticks_are_no_names_in_queries():
    with pytest.raises(MalformedQueryError, match="line 1:8: backquoted identifiers are not supported"):
        parse("select `a` from t")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT ON (id) id FROM orders",
        "SELECT id FROM orders WHERE tags[1] ILIKE 'a'",
        "SELECT * EXCEPT (id) FROM orders",
        "SELECT id FROM orders QUALIFY true",
        "SELECT INTERVAL '2' WEEK",
    ],
)
def test_syntax_of_other_dialects_is_a_syntax_error(run, sql):
    with pytest.raises(AthenaError) as raised:
        run(sql)

    assert raised.value.code == "SYNTAX_ERROR"
    assert not isinstance(raised.value, UnsupportedSqlError)


def test_distinct_is_ordered_by_what_it_selects(run):
    with pytest.raises(AthenaError) as raised:
        run("SELECT DISTINCT day FROM orders ORDER BY id")

    assert str(raised.value) == (
        "EXPRESSION_NOT_IN_DISTINCT: line 1:42: For SELECT DISTINCT, ORDER BY expressions must appear in select list"
    )
    assert len(run("SELECT DISTINCT day, day AS d FROM orders ORDER BY d, 1, day")[0]) == 2


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT id, day FROM orders GROUP BY id", "EXPRESSION_NOT_AGGREGATE: 'day' must be an aggregate expression"),
        ("SELECT id FROM orders WHERE count(*) > 1", "EXPRESSION_NOT_SCALAR: WHERE clause cannot contain aggregations"),
        ("SELECT sum(sum(id)) FROM orders", "NESTED_AGGREGATION: "),
        ("SELECT CAST('99999999999999999999' AS BIGINT)", "INVALID_CAST_ARGUMENT: Cannot cast '99999999999999999999'"),
        ("SELECT CAST(1e30 AS BIGINT)", "NUMERIC_VALUE_OUT_OF_RANGE: "),
        ("SELECT 9223372036854775807 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: "),
        ("SELECT CAST(12345 AS DECIMAL(3,1))", "INVALID_CAST_ARGUMENT: Cannot cast '12345'"),
        ("SELECT try_cast(row(count(*)) AS ROW(k BIGINT)) FROM orders", "NOT_SUPPORTED: TRY around an aggregate"),
        ("SELECT chr(-1)", "INVALID_FUNCTION_ARGUMENT: Not a valid Unicode code point: -1"),
        ("SELECT regexp_like('a', '(')", "INVALID_FUNCTION_ARGUMENT: Invalid regular expression"),
        ("SELECT date_parse('x', '%Y')", "INVALID_FUNCTION_ARGUMENT: Invalid format"),
        ("SELECT map(ARRAY[1, 1], ARRAY[2, 3])", "INVALID_FUNCTION_ARGUMENT: Duplicate map keys"),
        ("SELECT random(-1)", "INVALID_FUNCTION_ARGUMENT: bound must be positive"),
    ],
)
def test_errors_are_in_the_words_of_athena(instance, tables, sql, message):
    with pytest.raises((duckdb.Error, AthenaError)) as raised:
        duck.session(instance).execute(compile_text(tables, sql, "lake").sql).fetchall()

    error = raised.value if isinstance(raised.value, AthenaError) else translated(raised.value)
    assert str(error).startswith(message)
    for word in ("Binder", "Conversion Error", "LINE 1", "INT64", "Python", "HUGEINT", "UDF", "DuckDB"):
        assert word not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "Binder Error: whatever DuckDB says",
        "Catalog Error: Scalar Function with name x does not exist!",
        "Parser Error: syntax error at or near",
        "INTERNAL Error: Attempted to dereference unique_ptr",
        "Invalid Input Error: CSV Error on Line: 1",
        "Not implemented Error: Unimplemented type for cast",
        "Out of Memory Error: failed to allocate",
    ],
)
def test_no_message_of_duckdb_is_passed_on(text):
    message = str(translated(duckdb.Error(text)))

    assert text.split(": ")[1][:12] not in message
    assert "Error" not in message
