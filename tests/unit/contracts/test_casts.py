"""Decimals that the light engine reads: exactly what was written, within the digits of the type, or nothing."""

from decimal import Decimal, localcontext

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from cartlake.contracts.casts import read_sql

KINDS = [(4, 2), (9, 2), (12, 2), (18, 8), (20, 0), (38, 10)]
MANTISSAS = st.from_regex(r"[+-]?[0-9]{1,20}([.][0-9]{0,20})?", fullmatch=True)
POWERS = st.just("") | st.from_regex(r"[eE][+-]?[0-9]{1,2}", fullmatch=True)


@pytest.fixture(scope="module")
def read():
    """Read a text as a decimal of so many digits and places."""
    connection = duckdb.connect()

    def value(text, precision, scale):
        query = f"select {read_sql('x', f'decimal({precision},{scale})')} from (select '{text}' as x)"
        return connection.execute(sqlglot.transpile(query, read="spark", write="duckdb")[0]).fetchone()[0]

    return value


def is_exact(text, value, precision, scale):
    with localcontext(prec=200):
        return value == Decimal(text) and abs(value) < Decimal(10) ** (precision - scale)


@pytest.mark.parametrize("text", ["-7.200e+10", "9.000e10", "1.0000E+10", "99999999999.90e0", "12345678901.00e0"])
def test_a_number_with_an_exponent_has_no_more_digits_than_its_type(read, text):
    """DuckDB's cast takes these for values of `decimal(12,2)`, or of types as wide."""
    for precision, scale in KINDS:
        found = read(text, precision, scale)
        assert found is None or is_exact(text, found, precision, scale), (precision, scale)


@given(mantissa=MANTISSAS, power=POWERS, kind=st.sampled_from(KINDS))
def test_a_decimal_is_what_was_written_or_nothing(read, mantissa, power, kind):
    found = read(mantissa + power, *kind)

    assert found is None or is_exact(mantissa + power, found, *kind)


@pytest.mark.parametrize(
    ("text", "value"),
    [("9.99e2", "999"), ("1.50E+3", "1500"), ("-7.200e+2", "-720"), ("9999999999.99", "9999999999.99")],
)
def test_numbers_with_exponents_that_fit_are_read(read, text, value):
    assert read(text, 12, 2) == Decimal(value)


@pytest.fixture(scope="module")
def read_boolean():
    connection = duckdb.connect()

    def value(text):
        query = f"select {read_sql('x', 'boolean')} from (select ? as x)"
        return connection.execute(sqlglot.transpile(query, read="spark", write="duckdb")[0], [text]).fetchone()[0]

    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), (" YeS ", True), ("1", True), ("T", True), ("n", False), ("FALSE", False), ("0", False)]
    + [(text, None) for text in ("true\u00a0", "\u2003yes", "on", "", "truefalse", "true\n", "\ttrue", "tRue x")],
)
def test_words_are_booleans_with_plain_spaces_around_them_alone(read_boolean, text, value):
    """DuckDB's trim removes spaces that do not break, Spark's does not."""
    assert read_boolean(text) is value
