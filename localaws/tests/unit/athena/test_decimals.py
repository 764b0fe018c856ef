"""Arithmetic of decimals against Python's, with the types of https://trino.io/docs/current/functions/decimal.html."""

import random
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

import duckdb
import pytest

from localaws.athena import duck, results
from localaws.athena.errors import AthenaError
from localaws.athena.sql.compiler import compile_text

EXACT = Context(prec=200)


def number(rnd):
    precision = rnd.randint(1, 38)
    scale = rnd.randint(0, precision)
    digits = int("".join(rnd.choice("0123456789") for _ in range(rnd.randint(1, precision))))
    return Decimal(digits).scaleb(-scale, EXACT) * rnd.choice([1, -1]), precision, scale


def expected(symbol, a, b):
    """The exact result, and its precision and scale."""
    (x, p1, s1), (y, p2, s2) = a, b
    scale = max(s1, s2)
    whole = EXACT.divide(x, y).quantize(Decimal(1), ROUND_DOWN, EXACT) if symbol in "/%" else None
    return {
        "+": lambda: (EXACT.add(x, y), max(p1 - s1, p2 - s2) + scale + 1, scale),
        "-": lambda: (EXACT.subtract(x, y), max(p1 - s1, p2 - s2) + scale + 1, scale),
        "*": lambda: (EXACT.multiply(x, y), p1 + p2, s1 + s2),
        "/": lambda: (EXACT.divide(x, y), p1 + s2 + max(s2 - s1, 0), scale),
        "%": lambda: (EXACT.subtract(x, EXACT.multiply(y, whole)), min(p2 - s2, p1 - s1) + scale, scale),
    }[symbol]()


@pytest.mark.parametrize("symbol", "+-*/%")
@pytest.mark.parametrize("seed", range(8))
def test_arithmetic_keeps_all_digits(instance, no_tables, symbol, seed):
    rnd = random.Random(f"{symbol}{seed}")
    cursor = duck.session(instance)
    for _ in range(40):
        a, b = number(rnd), number(rnd)
        if symbol in "/%" and not b[0]:
            continue
        value, precision, scale = expected(symbol, a, b)
        if scale > 38:
            continue
        one, two = (f"CAST('{v:f}' AS DECIMAL({p},{s}))" for v, p, s in (a, b))
        relation = compile_text(no_tables, f"SELECT {one} {symbol} {two}")
        assert str(relation.columns[0][1]) == f"decimal({min(precision, 38)},{scale})"
        rounded = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, EXACT)
        if abs(rounded.scaleb(scale, EXACT)) >= Decimal(10) ** 38:
            with pytest.raises(duckdb.Error):
                cursor.execute(relation.sql).fetchall()
            continue
        assert cursor.execute(relation.sql).fetchall() == [(rounded,)], relation.sql


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("DECIMAL '0.1'", "0.1"),
        ("DECIMAL '-0.12'", "-0.12"),
        ("DECIMAL '.5'", "0.5"),
        ("CAST(0 AS decimal(2,2))", "0.00"),
        ("CAST(DECIMAL '0.1' AS varchar)", "0.1"),
        ("DECIMAL '0.1' || ''", None),
        ("ARRAY[DECIMAL '0.25', DECIMAL '-0.50']", "[0.25, -0.50]"),
        ("CAST(ROW(DECIMAL '0.1') AS ROW(a decimal(1,1)))", "{a=0.1}"),
        ("json_format(CAST(ARRAY[DECIMAL '0.1'] AS json))", "[0.1]"),
        ("format('%s', DECIMAL '0.1')", "0.1"),
        ("array_join(ARRAY[DECIMAL '0.1'], ',')", "0.1"),
    ],
)
def test_a_decimal_without_whole_digits_is_shown_with_a_zero(instance, no_tables, expression, shown):
    if shown is None:
        with pytest.raises(AthenaError):
            compile_text(no_tables, f"SELECT {expression}")
        return
    relation = compile_text(no_tables, f"SELECT {expression}")

    assert duck.session(instance).execute(results.rendered(relation.sql, relation.columns)).fetchall() == [(shown,)]
