"""Literals: numbers, timestamps, dates, decimals, intervals, and the current time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.parser.parsed_types import from_sqlglot
from localaws.athena.sql.parser.parsing import TYPED_LITERAL
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
    from localaws.athena.dialects import Dialect
    from localaws.athena.sql.interface import ExpressionCompiler, ExpressionHandler

import re
from datetime import datetime
from decimal import Decimal

from localaws.athena.sql.expressions.time_zones import instant, zone_name
from localaws.athena.trino_types import decimal

_TZ_LITERAL = re.compile(
    r"(?P<local>\d{4,}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?)"
    r"\s*(?P<zone>[A-Za-z][\w/+:-]*|[+-]\d{1,2}(?::?\d{2})?)?$"
)


def timestamp_literal(text: str, precision: int, *, with_zone: bool) -> Typed:
    """Compile TIMESTAMP '…' with or without a time zone; `precision` is the number of fraction digits.

    Raises AthenaError INVALID_LITERAL for another text.
    """
    matched = _TZ_LITERAL.fullmatch(text.strip())
    if matched is None or (matched["zone"] and not with_zone):
        raise AthenaError("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal")
    try:
        local = _padded(matched["local"])
        datetime.fromisoformat(re.sub(r"\.\d+$", "", local))
    except ValueError as error:
        raise AthenaError("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal") from error
    naive = f"TIMESTAMP {literal(local)}"
    if not with_zone:
        return Typed(naive, TrinoType("timestamp", precision))
    kind = TrinoType("timestamp with time zone", precision, zone=zone_name(matched["zone"] or "UTC"))
    if kind.zone != "UTC":
        return Typed(instant(naive, kind), kind)
    return Typed(f"TIMESTAMPTZ {literal(local + '+00')}", kind)


def _padded(local: str) -> str:
    """Return a local time with two digits a part, and seconds."""
    day, _, time = local.partition(" ")
    year, month, date = day.split("-")
    parts = [part.zfill(2) for part in time.split(":")] if time else []
    clock = ":".join([*parts, "00"] if len(parts) == 2 else parts)  # noqa: PLR2004 -- hours and minutes
    return f"{year}-{month.zfill(2)}-{date.zfill(2)}{' ' if clock else ''}{clock}"


def number_literal(text: str, dialect: Dialect) -> Typed:
    """Compile a number: integer or bigint, double when it has an exponent; with a point as the dialect says.

    Raises AthenaError INVALID_LITERAL for an integer that is too large.
    """
    if "e" in text.lower() or ("." in text and dialect.decimal_literals_are_doubles):
        return Typed(f"CAST({text} AS DOUBLE)", TrinoType("double"), text)
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


def _literal(compiler: ExpressionCompiler, node: exp.Literal, __: Scope) -> Typed:
    if node.is_string:
        return Typed(literal(node.this), TrinoType("varchar", len(node.this)), node.this)
    return number_literal(node.this, compiler.dialect)


def typed_literal(text: str, node: exp.Cast) -> Typed | None:
    """Compile TIMESTAMP '…' or DECIMAL '…', which the parser returns as casts of a string; None for other types."""
    kind = from_sqlglot(node.to)
    if kind.name == "decimal" and node.meta.get(TYPED_LITERAL):
        own = decimal_of(text)
        return Typed(f"CAST({literal(text)} AS {own.duckdb})", own)
    if kind.name in {"timestamp", "timestamp with time zone"} and node.meta.get(TYPED_LITERAL):
        return timestamp_literal(text, fraction_digits(text), with_zone=kind.name != "timestamp")
    return None


def fraction_digits(text: str) -> int:
    """Return the number of digits after the point of a time. Raises UnsupportedSqlError for more than six."""
    matched = re.search(r":\d+\.(\d+)", text)
    if matched and len(matched[1]) > MICROS:
        raise UnsupportedSqlError(f"Timestamps finer than a microsecond: {text}")
    return len(matched[1]) if matched else 0


_FIELDS = ("DAY", "HOUR", "MINUTE", "SECOND")
_SECONDS = {"DAY": 86_400, "HOUR": 3_600, "MINUTE": 60, "SECOND": 1}


def _interval(_: ExpressionCompiler, node: exp.Interval, __: Scope) -> Typed:
    amount, unit = node.this, node.args.get("unit")
    if not isinstance(amount, exp.Literal) or not amount.is_string or unit is None:
        raise AthenaError("SYNTAX_ERROR", f"mismatched input in '{node.sql('trino')}'. Expecting: INTERVAL '…' unit")
    first, last = (
        (unit.this.name.upper(), unit.expression.name.upper())
        if isinstance(unit, exp.IntervalSpan)
        else (unit.name.upper(), unit.name.upper())
    )
    text = amount.name.strip()
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").strip()
    if first in {"YEAR", "MONTH"} and last in {"YEAR", "MONTH"}:
        return _year_month(digits, first, last, sign)
    if first not in _FIELDS or last not in _FIELDS:
        raise AthenaError(
            "SYNTAX_ERROR", f"mismatched input '{last}'. Expecting: DAY, HOUR, MINUTE, MONTH, SECOND, YEAR"
        )
    return _day_second(digits, first, last, sign)


def _year_month(digits: str, first: str, last: str, sign: int) -> Typed:
    matched = re.fullmatch(r"(\d+)-(\d+)" if first != last else r"(\d+)", digits)
    if matched is None:
        raise AthenaError("INVALID_LITERAL", f"'{digits}' is not a valid INTERVAL literal")
    months = int(matched[1]) * (12 if first == "YEAR" else 1) + (int(matched[2]) if first != last else 0)
    return Typed(f"(INTERVAL '{sign * months}' MONTH)", YEAR_MONTH)


def _day_second(digits: str, first: str, last: str, sign: int) -> Typed:
    fields = _FIELDS[_FIELDS.index(first) : _FIELDS.index(last) + 1]
    pattern = ""
    for field in fields:
        separator = "" if not pattern else " " if len(pattern) == len(r"(\d+)") and first == "DAY" else ":"
        pattern += separator + (r"(\d+(?:\.\d+)?)" if field == "SECOND" else r"(\d+)")
    matched = re.fullmatch(pattern, digits)
    if matched is None:
        raise AthenaError("INVALID_LITERAL", f"'{digits}' is not a valid INTERVAL literal")
    seconds = sum(Decimal(part) * _SECONDS[field] for part, field in zip(matched.groups(), fields, strict=True))
    whole_days = str(int(seconds) // 86_400) if seconds % 86_400 == 0 else None
    # Trino's intervals have milliseconds.
    return Typed(f"to_milliseconds(CAST({sign * int(seconds * 1000)} AS BIGINT))", DAY_SECOND, whole_days)


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
