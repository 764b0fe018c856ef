"""Casts to timestamps and times round to the digits of the type, halves up, whatever they are cast from."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

import pytest

from localaws.athena import duck, results
from localaws.athena.errors import AthenaError
from localaws.athena.sql.compiler import compile_text

SECONDS = ("00", "05.1", "05.1234", "05.1235", "05.123456", "05.999500", "05.4999999", "05.1234565", "59.9999996")
DIGITS = (0, 1, 3, 6)


@pytest.fixture
def shown(instance, no_tables):
    def show(expression, rows="(VALUES 1) t(x)"):
        relation = compile_text(no_tables, f"SELECT {expression} FROM {rows}")
        return duck.session(instance).execute(results.rendered(relation.sql, relation.columns)).fetchall()[0][0]

    return show


def rounded(second, digits):
    """The second with so many digits, and whether it is the next minute's."""
    found = Decimal(second).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return found % 60, int(found // 60)


def text(prefix, second, digits, *, minute=58):
    value, over = rounded(second, digits)
    whole = int(value.to_integral_value(ROUND_FLOOR))
    fraction = f".{str(value).partition('.')[2]}" if digits else ""
    return f"{prefix}{minute + over}:{whole:02d}{fraction}"


CASES = [(second, digits) for second in SECONDS for digits in DIGITS]


@pytest.mark.parametrize("source", ["'{}'", "x"], ids=["literal", "column"])
@pytest.mark.parametrize(("second", "digits"), CASES)
def test_texts_are_rounded(shown, second, digits, source):
    rows, day = f"(VALUES '2024-02-29 10:58:{second}') t(x)", f"2024-02-29 10:58:{second}"
    operand = source.format(day)
    clock = "x" if source == "x" else f"'10:58:{second}'"

    assert shown(f"CAST(CAST({operand} AS timestamp({digits})) AS varchar)", rows) == text(
        "2024-02-29 10:", second, digits
    )
    assert shown(f"CAST(CAST({clock} AS time({digits})) AS varchar)", f"(VALUES '10:58:{second}') t(x)") == text(
        "10:", second, digits
    )
    cast = f"CAST({operand} AS timestamp({digits}))"  # no digit is kept that is not shown
    assert shown(f"CAST({cast} = CAST(CAST({cast} AS varchar) AS timestamp(6)) AS varchar)", rows) == "true"


@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize("second", [second for second in SECONDS if len(second) <= 9])
def test_texts_with_a_zone_are_rounded(shown, second, digits):
    literal, rows = f"'2024-02-29 10:58:{second} UTC'", f"(VALUES '2024-02-29 10:58:{second} UTC') t(x)"
    expected = f"{text('2024-02-29 10:', second, digits)} UTC"

    assert shown(f"CAST(CAST({literal} AS timestamp({digits}) with time zone) AS varchar)") == expected
    assert (
        shown(f"CAST(at_timezone(CAST(x AS timestamp({digits}) with time zone), 'UTC') AS varchar)", rows) == expected
    )


@pytest.mark.parametrize(("second", "digits"), [(s, d) for s, d in CASES if len(s) <= 9])
def test_timestamps_and_times_are_rounded(shown, second, digits):
    value = f"TIMESTAMP '2024-02-29 10:58:{second}'"

    assert shown(f"CAST(CAST({value} AS timestamp({digits})) AS varchar)") == text("2024-02-29 10:", second, digits)
    assert shown(f"CAST(CAST({value} AS time({digits})) AS varchar)") == text("10:", second, digits)
    assert shown(f"CAST(CAST(TIME '10:58:{second}' AS time({digits})) AS varchar)") == text("10:", second, digits)
    assert (
        shown(f"CAST(CAST({value} AS timestamp({digits}) with time zone) AS varchar)")
        == f"{text('2024-02-29 10:', second, digits)} UTC"
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CAST('23:59:59.9999' AS time(3))", "00:00:00.000"),
        ("CAST(TIMESTAMP '2024-02-29 23:59:59.9999' AS timestamp(3))", "2024-03-01 00:00:00.000"),
        ("CAST(TIMESTAMP '1969-12-31 23:59:59.9995' AS timestamp(3))", "1970-01-01 00:00:00.000"),
        ("CAST(TIMESTAMP '1950-01-01 00:00:00.0004' AS timestamp(3))", "1950-01-01 00:00:00.000"),
        ("typeof(TIMESTAMP '2024-02-29 10:00:00.12')", "timestamp(2)"),
        ("typeof(TIMESTAMP '2024-02-29 10:00:00.1 UTC')", "timestamp(1) with time zone"),
        ("typeof(CAST('2024-02-29 10:00:00.12' AS timestamp))", "timestamp(3)"),
        ("CAST(CAST('2024-02-29 10:00:00.7' AS timestamp(0)) AS varchar)", "2024-02-29 10:00:01"),
    ],
)
def test_ends_of_days_and_types(shown, expression, expected):
    assert shown(expression if expression.startswith("typeof") else f"CAST({expression} AS varchar)") == expected


@pytest.mark.parametrize("written", ["2024-02-29T10:00:00", "2024-02-29T10:00:00+02:00", "2024-02-29T10:00:00-0330"])
@pytest.mark.parametrize("source", ["'{}'", "x"], ids=["literal", "column"])
def test_the_local_time_of_an_iso_text_is_that_of_its_zone(shown, written, source):
    value, rows = f"from_iso8601_timestamp({source.format(written)})", f"(VALUES '{written}') t(x)"

    assert shown(f"CAST(CAST({value} AS timestamp) AS varchar)", rows) == "2024-02-29 10:00:00.000"
    assert shown(f"hour({value})", rows) == "10"


@pytest.mark.parametrize("text", ["2024-02-30 10:00:00", "2024-02-29T10:00:00", "x"])
def test_the_error_of_a_text_that_is_no_timestamp_is_that_of_a_cast(shown, text):
    with pytest.raises(Exception, match=r"INVALID_CAST_ARGUMENT|Conversion"):
        shown(f"CAST('{text}' AS timestamp)")
    with pytest.raises(AthenaError, match="INVALID_LITERAL"):
        shown(f"TIMESTAMP '{text}'")
