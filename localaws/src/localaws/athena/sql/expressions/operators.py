"""Operators on typed operands, with Trino's result types and Trino's errors at zero and out of range."""

from __future__ import annotations

import re
from dataclasses import replace

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import can_coerce, common_type
from localaws.athena.sql.expressions import casts, decimals, floating, time_zones
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import (
    BOOLEAN,
    DAY_SECOND,
    INTEGER_DIGITS,
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
    left, right = _exact_literal(left, right), _exact_literal(right, left)
    kind = common_type(left.type, right.type)
    if kind is not None and kind.name in _NESTED:
        return _compare_nested(symbol, casts.coerce(left, kind), casts.coerce(right, kind))
    a, b = comparison_sides(left, right, symbol)
    if kind is not None and kind.name in floating.FLOATS:
        return Typed(floating.compare(symbol, a, b), BOOLEAN)
    return Typed(f"({a.sql} {symbol} {b.sql})", BOOLEAN)


# As many digits survive the way from decimal to double and back.
_DIGITS_OF_DOUBLE = 15


def _exact_literal(value: Typed, other: Typed) -> Typed:
    """Return a double literal that is compared with a decimal or an integer as a decimal, where that is the same.

    Else the column would be cast to double, and the filter would not limit the files that are read.
    """
    if value.type.name != "double" or value.constant is None or other.constant is not None:
        return value
    plain = re.fullmatch(r"-?(\d+)\.(\d+)", value.constant)
    if other.type.name not in {"decimal", "integer", "smallint", "tinyint"} or plain is None:
        return value
    digits = len(plain[1].lstrip("0")) + len(plain[2])
    if digits > _DIGITS_OF_DOUBLE or (other.type.precision or 0) > _DIGITS_OF_DOUBLE:
        return value
    return Typed(value.constant, decimal(max(digits, 1), len(plain[2])), value.constant)


def _compare_nested(symbol: str, left: Typed, right: Typed) -> Typed:
    """Compare rows, arrays or maps: with a NULL inside the result is NULL in Trino, true or false in DuckDB."""
    kind = left.type
    if symbol == "<>":
        return Typed(f"(NOT {_compare_nested('=', left, right).sql})", BOOLEAN)
    if symbol != "=":
        raise UnsupportedSqlError(f"Comparing {kind} by {symbol}")
    if kind.name == "map":
        return _equal_maps(left, right)
    if kind.name == "array":
        return _equal_arrays(left, right)
    fields = (
        compare("=", Typed(f"({left.sql}).{quote(name)}", part), Typed(f"({right.sql}).{quote(name)}", part)).sql
        for name, part in zip(kind.storage_fields, kind.args, strict=True)
    )
    known = f"{left.sql} IS NOT NULL AND {right.sql} IS NOT NULL"
    return Typed(f"(CASE WHEN {known} THEN {' AND '.join(fields)} END)", BOOLEAN)


def _equal_arrays(left: Typed, right: Typed) -> Typed:
    element = left.type.element
    if element.name not in {*_NESTED, *floating.FLOATS, "char"}:
        return Typed(f"trino_array_equal({left.sql}, {right.sql})", BOOLEAN)
    depth = str(left.type).count("array(") + str(left.type).count("map(")  # names of lambdas inside each other differ
    pair = f"equal_{depth}"
    equal = compare("=", Typed(f"({pair}).a", element), Typed(f"({pair}).b", element)).sql
    pairs = (
        f"list_transform(range(1, len({left.sql}) + 1), "
        f"LAMBDA {pair}_i : struct_pack(a := ({left.sql})[{pair}_i], b := ({right.sql})[{pair}_i]))"
    )
    verdicts = f"list_transform({pairs}, LAMBDA {pair} : {equal})"
    same_length = f"len({left.sql}) = len({right.sql})"
    return Typed(
        f"(CASE WHEN {same_length} THEN trino_all({verdicts}) WHEN {same_length} IS NOT NULL THEN false END)", BOOLEAN
    )


def _equal_maps(left: Typed, right: Typed) -> Typed:
    keys = f"trino_sorted_keys({left.sql})", f"trino_sorted_keys({right.sql})"
    item = left.type.element
    values = (
        Typed(f"list_transform({key}, LAMBDA equal_k : ({side.sql})[equal_k])", array(item))
        for key, side in zip(keys, (left, right), strict=True)
    )
    same_keys = f"{keys[0]} = {keys[1]}"
    equal = compare("=", *values).sql
    return Typed(f"(CASE WHEN {same_keys} THEN {equal} WHEN {same_keys} IS NOT NULL THEN false END)", BOOLEAN)


def comparison_sides(left: Typed, right: Typed, symbol: str = "=") -> tuple[Typed, Typed]:
    """Return both operands in their common type.

    A column is not cast where it need not be, so that a filter on it limits the files that are read.
    """
    kind = common_type(left.type, right.type)
    if kind is None or (symbol in _NEEDS_ORDER and kind.name in {"map", "json"}):
        raise AthenaError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {symbol} {right.type}")
    if "char" in {left.type.name, right.type.name}:
        return _padded_sides(left, right, symbol)
    if left.type.name in _EXACT and right.type.name in _EXACT:
        return left, right  # DuckDB compares integers and decimals exactly, whatever their widths
    if left.type.name == right.type.name and left.type.name not in {"array", "map", "row"}:
        return left, right
    return casts.coerce(left, kind), casts.coerce(right, kind)


def _padded_sides(left: Typed, right: Typed, symbol: str) -> tuple[Typed, Typed]:
    """Return both texts without the spaces at their end, which do not count where one side is char(n)."""
    if symbol in _NEEDS_ORDER:
        raise UnsupportedSqlError("The order of char(n), which ignores trailing spaces, (cast it to varchar)")
    one, two = (Typed(f"rtrim({side.sql}, ' ')", VARCHAR) for side in (left, right))
    return one, two


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
        return decimals.arithmetic(symbol, left, right)
    a, b = (f"CAST({v.sql} AS {kind.duckdb})" if v.type != kind or v.constant else v.sql for v in (left, right))
    if kind.name in INTEGER_DIGITS and symbol in "/%":
        return Typed(casts.divided(right, f"({a} {'//' if symbol == '/' else '%'} {b})", kind), kind)
    return Typed(f"({a} {symbol} {b})", kind)


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
    return _scaled(symbol, left, right) if symbol in "*/" else None


def _scaled(symbol: str, left: Typed, right: Typed) -> Typed | None:
    """Compile interval * number, number * interval and interval / number; fractions of a unit are cut off."""
    interval, factor = (left, right) if left.type.name.startswith("interval") else (right, left)
    if not interval.type.name.startswith("interval") or factor.type.name not in NUMERIC:
        return None
    if symbol == "/" and interval is right:
        return None
    months = interval.type.name == "interval year to month"
    amount = (
        f"(date_part('year', {interval.sql}) * 12 + date_part('month', {interval.sql}))"
        if months
        else _millis(interval)
    )
    if factor.type.name in INTEGER_DIGITS and symbol == "*":
        moved = f"{amount} * {factor.sql}"
    else:
        moved = f"CAST(trunc({amount} {symbol} CAST({factor.sql} AS DOUBLE)) AS BIGINT)"
    return Typed(f"to_months(CAST({moved} AS INTEGER))" if months else f"to_milliseconds({moved})", interval.type)


def _millis(interval: Typed) -> str:
    return f"CAST(round(epoch({interval.sql}) * 1000) AS BIGINT)"


def _moved(symbol: str, value: Typed, interval: Typed) -> Typed | None:
    moved = f"{value.sql} {symbol} {interval.sql}"
    if value.type.name == "date":
        if interval.type != DAY_SECOND or interval.constant is not None:
            return Typed(f"CAST({moved} AS DATE)", value.type)
        return Typed(f"trino_whole_day({moved})", value.type)
    if value.type.name == "timestamp" or (value.type.name == "time" and interval.type == DAY_SECOND):
        return Typed(f"({moved})", value.type)
    if value.type.name == "timestamp with time zone":
        if interval.type == DAY_SECOND:  # a time that passes; the calendar has no part in it
            return Typed(f"({value.sql} {symbol} to_milliseconds({_millis(interval)}))", value.type)
        local = f"({time_zones.local_time(value)} {symbol} {interval.sql})"
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
