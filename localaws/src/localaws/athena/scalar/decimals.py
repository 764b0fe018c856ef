"""Arithmetic of decimals with more digits on the way than DuckDB has."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from localaws.athena.scalar.signature import ScalarError, function

_CONTEXT = Context(prec=160)
_LIMIT = Decimal(10) ** 38


def _result(value: Decimal, scale: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP, context=_CONTEXT)
    if abs(rounded.scaleb(scale, _CONTEXT)) >= _LIMIT:
        raise ScalarError("Decimal overflow", "NUMERIC_VALUE_OUT_OF_RANGE")
    return f"{rounded:f}"


def _combined(symbol: str, left: str, right: str, scale: int) -> str:
    a, b = Decimal(left), Decimal(right)
    match symbol:
        case "+":
            return _result(_CONTEXT.add(a, b), scale)
        case "-":
            return _result(_CONTEXT.subtract(a, b), scale)
        case "*":
            return _result(_CONTEXT.multiply(a, b), scale)
    if not b:
        raise ScalarError("Division by zero", "DIVISION_BY_ZERO")
    if symbol == "/":
        return _result(_CONTEXT.divide(a, b), scale)
    whole = _CONTEXT.divide(a, b).quantize(Decimal(1), rounding=ROUND_DOWN, context=_CONTEXT)
    return _result(_CONTEXT.subtract(a, _CONTEXT.multiply(b, whole)), scale)


FUNCTIONS = {"trino_decimal": function(_combined, "VARCHAR, VARCHAR, VARCHAR, INTEGER", "VARCHAR")}
