"""Arithmetic of decimals, with the result types of https://trino.io/docs/current/functions/decimal.html.

DuckDB computes it where its 38 digits are enough for all steps, else a function in Python.
"""

from __future__ import annotations

from localaws.athena.errors import AthenaError
from localaws.athena.sql.coercion import as_decimal
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import MAX_PRECISION, TrinoType, decimal

# DuckDB multiplies in 64 bits when both operands have at most this many digits.
_DIGITS_OF_64_BITS = 18


def arithmetic(symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile an operator of decimals and integers. Raises AthenaError when the result cannot have a type."""
    one, two = as_decimal(left.type), as_decimal(right.type)
    a, b = casts.coerce(left, one), casts.coerce(right, two)
    match symbol:
        case "+" | "-":
            return _sum(symbol, a, b)
        case "*":
            return _product(a, b)
        case "%":
            return _remainder(a, b, right)
    return _quotient(a, b, right)


def _sum(symbol: str, a: Typed, b: Typed) -> Typed:
    scale = max(a.type.scale, b.type.scale)
    digits = max(_whole(a.type), _whole(b.type)) + scale + 1
    kind = decimal(digits, scale)
    if digits > MAX_PRECISION:
        return _in_python(symbol, a, b, kind)
    return Typed(_to(kind, f"{_to(kind, a.sql)} {symbol} {_to(kind, b.sql)}"), kind)


def _product(a: Typed, b: Typed) -> Typed:
    scale = a.type.scale + b.type.scale
    if scale > MAX_PRECISION:
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"DECIMAL scale must be in range [0, precision (38)]: {scale}")
    digits = _digits(a.type) + _digits(b.type)
    kind = decimal(digits, scale)
    wide = a.sql
    if digits > _DIGITS_OF_64_BITS >= max(_digits(a.type), _digits(b.type)):
        wide = _to(decimal(_DIGITS_OF_64_BITS + 1, a.type.scale), a.sql)
    return Typed(_to(kind, f"{wide} * {b.sql}"), kind)


def _remainder(a: Typed, b: Typed, divisor: Typed) -> Typed:
    scale = max(a.type.scale, b.type.scale)
    kind = decimal(min(_whole(a.type), _whole(b.type)) + scale, scale)
    digits = max(_whole(a.type), _whole(b.type)) + scale
    if digits > MAX_PRECISION:
        return _in_python("%", a, b, kind)
    common = decimal(digits, scale)
    return Typed(casts.divided(divisor, _to(kind, f"{_to(common, a.sql)} % {_to(common, b.sql)}"), kind), kind)


def _quotient(a: Typed, b: Typed, divisor: Typed) -> Typed:
    s1, s2 = a.type.scale, b.type.scale
    scale = max(s1, s2)
    kind = decimal(_digits(a.type) + s2 + max(s2 - s1, 0), scale)
    shift = scale - s1 + s2
    # One digit is left for the doubling that rounds half up.
    if max(_digits(a.type) + max(shift, s1), _digits(b.type) + max(-shift, s2)) >= MAX_PRECISION:
        return _in_python("/", a, b, kind)
    return Typed(casts.divided(divisor, _to(kind, quotient(a.sql, s1, b.sql, s2, scale)), kind), kind)


def quotient(a: str, s1: int, b: str, s2: int, scale: int) -> str:
    """Return SQL of a / b rounded half up to `scale`, in 128-bit integers: DuckDB's own division gives a double."""
    shift = scale - s1 + s2
    top = f"CAST(CAST({a} * CAST({10**s1} AS HUGEINT) AS HUGEINT) * {10 ** max(shift, 0)} AS HUGEINT)"
    bottom = f"CAST(CAST({b} * CAST({10**s2} AS HUGEINT) AS HUGEINT) * {10 ** max(-shift, 0)} AS HUGEINT)"
    divided = f"trino_divide_half_up({top}, {bottom})"
    unit = f"CAST('{10**-scale:.{scale}f}' AS DECIMAL({scale + 1},{scale}))" if scale else "1"
    return f"CAST(CAST({divided} AS DECIMAL(38,0)) * {unit} AS DECIMAL(38,{scale}))"


def _in_python(symbol: str, a: Typed, b: Typed, kind: TrinoType) -> Typed:
    sides = f"CAST({a.sql} AS VARCHAR), CAST({b.sql} AS VARCHAR)"
    return Typed(_to(kind, f"trino_decimal('{symbol}', {sides}, {kind.scale})"), kind)


def _to(kind: TrinoType, sql: str) -> str:
    return f"CAST({sql} AS {kind.duckdb})"


def _digits(kind: TrinoType) -> int:
    return kind.precision or 0


def _whole(kind: TrinoType) -> int:
    return _digits(kind) - kind.scale
