"""Literals: numbers, timestamps, dates, decimals, intervals, and the current time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.parsed_types import from_sqlglot
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import (
    BOOLEAN,
    DATE,
    DAY_SECOND,
    MICROS,
    MILLIS,
    UNKNOWN,
    VARBINARY,
    YEAR_MONTH,
    TrinoType,
    literal,
)

if TYPE_CHECKING:
    from localaws.athena.sql.interface import ExpressionCompiler, ExpressionHandler

import re
from datetime import datetime
from decimal import Decimal

from localaws.athena.sql.expressions.time_zones import instant, zone_name
from localaws.athena.trino_types import decimal

_TZ_LITERAL = re.compile(r"(?P<local>[\d-]+(?: [\d:.]+)?)\s*(?P<zone>[A-Za-z][\w/+-]*|[+-]\d{1,2}:\d{2})?$")


def timestamp_literal(text: str, precision: int, *, with_zone: bool) -> Typed:
    """Compile TIMESTAMP '…' with or without a time zone; `precision` is the number of fraction digits.

    Raises AthenaError INVALID_LITERAL for another text.
    """
    matched = _TZ_LITERAL.fullmatch(text.strip())
    if matched is None:
        raise AthenaError("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal")
    try:
        datetime.fromisoformat(re.sub(r"\.\d+$", "", matched["local"]))
    except ValueError as error:
        raise AthenaError("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal") from error
    naive = f"TIMESTAMP {literal(matched['local'])}"
    if not with_zone:
        return Typed(naive, TrinoType("timestamp", precision))
    kind = TrinoType("timestamp with time zone", precision, zone=zone_name(matched["zone"] or "UTC"))
    if kind.zone != "UTC":
        return Typed(instant(naive, kind), kind)
    return Typed(f"TIMESTAMPTZ {literal(matched['local'] + '+00')}", kind)


def number_literal(text: str) -> Typed:
    """Compile a number: integer or bigint, decimal when it has a point, double when it has an exponent.

    Raises AthenaError INVALID_LITERAL for an integer that is too large.
    """
    if "e" in text.lower():
        return Typed(f"CAST({text} AS DOUBLE)", TrinoType("double"))
    if text.isdigit():
        kind = TrinoType("integer" if int(text) < 2**31 else "bigint")
        if int(text) >= 2**63:
            raise AthenaError("INVALID_LITERAL", f"Invalid numeric literal: {text}")
        return Typed(text, kind, text)
    return Typed(text, decimal_of(text), text)


def decimal_of(text: str) -> TrinoType:
    """Return the type of DECIMAL '1.50', by its digits. Raises AthenaError INVALID_LITERAL for another text."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text.strip()):
        raise AthenaError("INVALID_LITERAL", f"Invalid decimal literal: {text}")
    digits = Decimal(text).as_tuple()
    scale = max(0, -int(digits.exponent))
    whole = len(text.strip().lstrip("+-").split(".")[0].lstrip("0"))
    return decimal(max(whole + scale, 1), scale)


def _literal(_: ExpressionCompiler, node: exp.Literal, __: Scope) -> Typed:
    if node.is_string:
        return Typed(literal(node.this), TrinoType("varchar", len(node.this)), node.this)
    return number_literal(node.this)


def typed_literal(text: str, to: exp.DataType) -> Typed | None:
    """Compile TIMESTAMP '…' or DECIMAL '…', which the parser returns as casts of a string; None for other types."""
    kind = from_sqlglot(to)
    if kind.name == "decimal" and not to.expressions:
        own = decimal_of(text)
        return Typed(f"CAST({literal(text)} AS {own.duckdb})", own)
    if kind.name in {"timestamp", "timestamp with time zone"}:
        digits = len(text.split(".")[1].split(" ", maxsplit=1)[0]) if "." in text else 0
        precision = digits if to.expressions and kind.precision == 0 else (kind.precision or 0)
        if digits > MICROS:
            raise UnsupportedSqlError(f"Timestamps finer than a microsecond: {text}")
        return timestamp_literal(text, precision, with_zone=kind.name != "timestamp")
    return None


def _interval(_: ExpressionCompiler, node: exp.Interval, __: Scope) -> Typed:
    amount = node.this
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        if (unit.this.name, unit.expression.name) == ("YEAR", "MONTH") and "-" in amount.name.lstrip("-"):
            sign = "-" if amount.name.startswith("-") else ""
            years, months = amount.name.lstrip("-").split("-")
            return Typed(f"(INTERVAL '{sign}{int(years) * 12 + int(months)}' MONTH)", YEAR_MONTH)
        raise UnsupportedSqlError(f"Interval {node.sql('trino')}")
    text = amount.name if isinstance(amount, exp.Literal) else ""
    name = unit.name.upper() if unit is not None else ""
    if name in {"YEAR", "MONTH"} and text.lstrip("+-").isdigit():
        return Typed(f"(INTERVAL '{int(text)}' {name})", YEAR_MONTH)
    if name in {"DAY", "HOUR", "MINUTE"} and text.lstrip("+-").isdigit():
        return Typed(f"(INTERVAL '{int(text)}' {name})", DAY_SECOND, text if name == "DAY" else None)
    if name == "SECOND" and text.lstrip("+-").replace(".", "", 1).isdigit():
        # Trino's intervals have milliseconds.
        return Typed(f"(INTERVAL '{round(float(text) * 1000)}' MILLISECOND)", DAY_SECOND)
    raise UnsupportedSqlError(f"Interval {node.sql('trino')}")


def _now(kind: TrinoType, sql: str) -> ExpressionHandler:
    def compile_now(_: ExpressionCompiler, node: exp.Expr, __: Scope) -> Typed:
        if node.this is not None:
            raise UnsupportedSqlError(f"Precision in {node.sql('trino')}")
        return Typed(sql, kind)

    return compile_now


_NOW_TZ = TrinoType("timestamp with time zone", MILLIS)
_NOW_SQL = "date_trunc('millisecond', now())"


HANDLERS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.Literal: _literal,
    exp.Null: lambda *_: Typed("NULL", UNKNOWN),
    exp.Boolean: lambda _, node, __: Typed("true" if node.this else "false", BOOLEAN),
    exp.HexString: lambda _, node, __: Typed(f"from_hex('{node.this}')", VARBINARY),
    exp.Interval: _interval,
    exp.CurrentDate: _now(DATE, "CAST(now() AT TIME ZONE 'UTC' AS DATE)"),
    exp.CurrentTimestamp: _now(_NOW_TZ, _NOW_SQL),
    exp.Localtimestamp: _now(TrinoType("timestamp", MILLIS), f"({_NOW_SQL} AT TIME ZONE 'UTC')"),
}
