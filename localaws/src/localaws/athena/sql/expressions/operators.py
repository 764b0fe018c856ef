"""Operators on typed operands, with Trino's result types and Trino's errors at zero and out of range."""

from __future__ import annotations

from dataclasses import replace

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import as_decimal, can_coerce, common_type
from localaws.athena.sql.expressions import casts, time_zones
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import (
    BOOLEAN,
    DAY_SECOND,
    INTEGER_DIGITS,
    MAX_PRECISION,
    NUMERIC,
    VARBINARY,
    VARCHAR,
    TrinoType,
    array,
    decimal,
    quote,
    row,
)

_EXACT = frozenset({*INTEGER_DIGITS, "decimal"})
_NESTED = frozenset({"array", "map", "row"})
_NEEDS_ORDER = frozenset({"<", "<=", ">", ">="})


def compare(symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile a comparison. Raises AthenaError TYPE_MISMATCH for types that Trino does not compare."""
    kind = common_type(left.type, right.type)
    if kind is not None and kind.name in _NESTED:
        return _compare_nested(symbol, casts.coerce(left, kind), casts.coerce(right, kind))
    a, b = comparison_sides(left, right, symbol)
    return Typed(f"({a.sql} {symbol} {b.sql})", BOOLEAN)


def _compare_nested(symbol: str, left: Typed, right: Typed) -> Typed:
    """Compare rows or arrays: with a NULL inside the result is NULL in Trino, true or false in DuckDB."""
    kind = left.type
    if symbol == "<>":
        return Typed(f"(NOT {_compare_nested('=', left, right).sql})", BOOLEAN)
    if symbol != "=" or kind.name == "map" or (kind.name == "array" and kind.element.name in _NESTED):
        raise UnsupportedSqlError(f"Comparing {kind} by {symbol}")
    if kind.name == "array":
        return Typed(f"trino_array_equal({left.sql}, {right.sql})", BOOLEAN)
    fields = (
        compare("=", Typed(f"({left.sql}).{quote(name)}", part), Typed(f"({right.sql}).{quote(name)}", part)).sql
        for name, part in zip(kind.storage_fields, kind.args, strict=True)
    )
    return Typed(f"({' AND '.join(fields)})", BOOLEAN)


def comparison_sides(left: Typed, right: Typed, symbol: str = "=") -> tuple[Typed, Typed]:
    """Return both operands in their common type.

    A column is not cast where it need not be, so that a filter on it limits the files that are read.
    """
    kind = common_type(left.type, right.type)
    if kind is None or (symbol in _NEEDS_ORDER and kind.name in {"map", "json"}):
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {symbol} {right.type}")
    if "char" in {left.type.name, right.type.name}:
        raise UnsupportedSqlError("Comparing char(n), which ignores trailing spaces, (cast it to varchar)")
    if left.type.name in _EXACT and right.type.name in _EXACT:
        return left, right  # DuckDB compares integers and decimals exactly, whatever their widths
    if left.type.name == right.type.name and left.type.name not in {"array", "map", "row"}:
        return left, right
    return casts.coerce(left, kind), casts.coerce(right, kind)


def require_numeric(value: Typed, symbol: str) -> None:
    """Raise AthenaError TYPE_MISMATCH unless the operand is a number or an interval."""
    if value.type.name not in {*NUMERIC, "interval day to second", "interval year to month", "unknown"}:
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {symbol}{value.type}")


def arithmetic(symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile `left symbol right`. Raises AthenaError TYPE_MISMATCH for operands that Trino does not combine."""
    if left.type.name == "unknown" and right.type.name == "unknown":
        return Typed("NULL", left.type)
    if left.type.name == "unknown":
        left = casts.cast(left, right.type)
    if right.type.name == "unknown":
        right = casts.cast(right, left.type)
    if left.type.name in NUMERIC and right.type.name in NUMERIC:
        return _numeric(symbol, left, right)
    moved = _temporal(symbol, left, right)
    if moved is None:
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {symbol} {right.type}")
    return moved


def _numeric(symbol: str, left: Typed, right: Typed) -> Typed:
    kind = common_type(left.type, right.type)
    assert kind is not None  # noqa: S101 -- numbers always have a common type
    if kind.name == "decimal":
        return decimal_arithmetic(symbol, left, right)
    a, b = (f"CAST({v.sql} AS {kind.duckdb})" if v.type != kind or v.constant else v.sql for v in (left, right))
    if kind.name in INTEGER_DIGITS and symbol in "/%":
        return Typed(_divided(right, f"({a} {'//' if symbol == '/' else '%'} {b})", kind), kind)
    return Typed(f"({a} {symbol} {b})", kind)


def _divided(divisor: Typed, quotient: str, kind: TrinoType) -> str:
    if divisor.constant is not None and float(divisor.constant) != 0:
        return quotient
    thrown = casts.failure("'DIVISION_BY_ZERO: Division by zero'", kind)
    return f"(CASE WHEN {divisor.sql} = 0 THEN {thrown} ELSE {quotient} END)"


def decimal_arithmetic(symbol: str, left: Typed, right: Typed) -> Typed:
    """Compile an operator of decimals, by https://trino.io/docs/current/functions/decimal.html."""
    one, two = as_decimal(left.type), as_decimal(right.type)
    p1, s1, p2, s2 = one.precision or 0, one.scale, two.precision or 0, two.scale
    a, b = casts.coerce(left, one).sql, casts.coerce(right, two).sql
    scale = max(s1, s2)
    match symbol:
        case "+" | "-":
            return _as(decimal(max(p1 - s1, p2 - s2) + scale + 1, scale), f"({a} {symbol} {b})")
        case "*":
            if s1 + s2 > MAX_PRECISION:
                raise AthenaError("INVALID_FUNCTION_ARGUMENT", "DECIMAL scale must be in range [0, 38]")
            return _as(decimal(p1 + p2, s1 + s2), f"({a} * {b})")
        case "%":
            kind = decimal(min(p2 - s2, p1 - s1) + scale, scale)
            return _as(kind, _divided(right, f"({a} % {b})", kind))
    kind = decimal(p1 + s2 + max(s2 - s1, 0), scale)
    quotient = f"CAST({decimal_quotient(a, s1, b, s2, scale)} AS {kind.duckdb})"
    return Typed(_divided(right, quotient, kind), kind)


def decimal_quotient(a: str, s1: int, b: str, s2: int, scale: int) -> str:
    """Return SQL of a / b rounded half up to `scale`, in 128-bit integers: DuckDB's own division gives a double."""
    shift = scale - s1 + s2
    top = f"CAST(CAST({a} * CAST({10**s1} AS HUGEINT) AS HUGEINT) * {10 ** max(shift, 0)} AS HUGEINT)"
    bottom = f"CAST(CAST({b} * CAST({10**s2} AS HUGEINT) AS HUGEINT) * {10 ** max(-shift, 0)} AS HUGEINT)"
    quotient = f"trino_divide_half_up({top}, {bottom})"
    unit = f"CAST('{10**-scale:.{scale}f}' AS DECIMAL({scale + 1},{scale}))" if scale else "1"
    return f"CAST(CAST({quotient} AS DECIMAL(38,0)) * {unit} AS DECIMAL(38,{scale}))"


def _as(kind: TrinoType, sql: str) -> Typed:
    return Typed(sql, kind)


def _temporal(symbol: str, left: Typed, right: Typed) -> Typed | None:
    kinds = left.type.name, right.type.name
    if symbol == "+" and kinds[0].startswith("interval") and not kinds[1].startswith("interval"):
        left, right = right, left
    if symbol in "+-" and right.type.name.startswith("interval"):
        if left.type == right.type:
            return Typed(f"({left.sql} {symbol} {right.sql})", left.type)
        return _moved(symbol, left, right)
    if symbol == "-" and left.type.name == right.type.name == "date":
        return Typed(f"to_days(CAST({left.sql} - {right.sql} AS INTEGER))", DAY_SECOND)
    if symbol == "-" and {*kinds} <= {"timestamp", "timestamp with time zone", "date"} and "date" not in kinds:
        a, b = comparison_sides(left, right)
        return Typed(f"({a.sql} - {b.sql})", DAY_SECOND)
    return _scaled(left, right) if symbol == "*" else None


def _scaled(left: Typed, right: Typed) -> Typed | None:
    interval, factor = (left, right) if left.type.name.startswith("interval") else (right, left)
    if interval.type.name.startswith("interval") and factor.type.name in INTEGER_DIGITS:
        return Typed(f"({interval.sql} * {factor.sql})", interval.type)
    return None


def _moved(symbol: str, value: Typed, interval: Typed) -> Typed | None:
    moved = f"{value.sql} {symbol} {interval.sql}"
    if value.type.name == "date":
        if interval.type != DAY_SECOND or interval.constant is not None:
            return Typed(f"CAST({moved} AS DATE)", value.type)
        return Typed(f"trino_whole_day({moved})", value.type)
    if value.type.name == "timestamp":
        return Typed(f"({moved})", value.type)
    if value.type.name == "timestamp with time zone":
        if interval.type == DAY_SECOND and value.type.zone == "UTC":
            return Typed(f"({moved})", value.type)
        local = f"({time_zones.local_time(value)} {symbol} {interval.sql})"
        if interval.type == DAY_SECOND:
            raise UnsupportedSqlError(f"Adding an interval to a timestamp in zone {value.type.zone}")
        return Typed(time_zones.instant(local, value.type), value.type)
    return None


def make_row(values: list[Typed]) -> Typed:
    """Compile ROW(a, b), whose fields have no names."""
    kind = row(*(("", value.type) for value in values))
    packed = ", ".join(f'"{name}" := {value.sql}' for name, value in zip(kind.storage_fields, values, strict=True))
    return Typed(f"struct_pack({packed})", kind)


def concat(left: Typed, right: Typed) -> Typed:
    """Compile `left || right`, for strings, binaries and arrays. Raises AthenaError TYPE_MISMATCH."""
    if "array" in {left.type.name, right.type.name}:
        return _concat_arrays(left, right)
    for kind in (VARCHAR, VARBINARY):
        if can_coerce(left.type, kind) and can_coerce(right.type, kind):
            return Typed(f"({left.sql} || {right.sql})", kind)
    raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} || {right.type}")


def _concat_arrays(left: Typed, right: Typed) -> Typed:
    one = left.type if left.type.name == "array" and common_type(left.type, right.type) else None
    kind = common_type(left.type, right.type) if one else None
    if kind is not None:
        a, b = casts.coerce(left, kind), casts.coerce(right, kind)
        # list_concat takes NULL for an empty list; Trino's result is NULL
        return Typed(
            f"CASE WHEN {a.sql} IS NOT NULL AND {b.sql} IS NOT NULL THEN list_concat({a.sql}, {b.sql}) END", kind
        )
    whole, item, form = (left, right, "list_append({0}, {1})") if left.type.name == "array" else (
        right, left, "list_prepend({1}, {0})",
    )  # fmt: skip
    element = common_type(whole.type.element, item.type)
    if element is None:
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} || {right.type}")
    target = array(element)
    return Typed(form.format(casts.coerce(whole, target).sql, casts.coerce(item, element).sql), target)


def subscript(base: Typed, index: Typed) -> Typed:
    """Compile base[index] of an array (from 1), a map or a row; out of range it fails, as in Trino."""
    match base.type.name:
        case "array":
            if index.type.name not in INTEGER_DIGITS:
                raise AthenaError("TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {base.type}")
            return Typed(f"trino_array_at({base.sql}, {index.sql})", base.type.element)
        case "map":
            key = casts.expect(index, base.type.args[0], "Map subscript")
            return Typed(f"trino_map_at({base.sql}, {key.sql})", base.type.element)
        case "row" if index.constant and index.constant.isdigit() and 1 <= int(index.constant) <= len(base.type.args):
            at = int(index.constant) - 1
            return Typed(f"({base.sql}).{quote(base.type.storage_fields[at])}", base.type.args[at])
    raise AthenaError("TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {base.type}")


def at_time_zone(value: Typed, zone: str) -> Typed:
    """Compile AT TIME ZONE; a timestamp without zone is one of UTC, the session's zone. Raises AthenaError."""
    if value.type.name not in {"timestamp", "timestamp with time zone"}:
        raise AthenaError(
            "TYPE_MISMATCH",
            f"Type of value must be a time or timestamp with or without time zone (actual {value.type})",
        )
    target = TrinoType("timestamp with time zone", value.type.precision)
    return Typed(casts.cast(value, target).sql, replace(target, zone=time_zones.zone_name(zone)))
