"""Dates and times. Parts of a value with a time zone are those of the local time in its zone, as in Trino."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts, operators, time_zones
from localaws.athena.sql.functions.date_formats import joda_format, mysql_format
from localaws.athena.sql.functions.registry import Invocation, declare
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, DATE, DAY_SECOND, DOUBLE, MICROS, MILLIS, VARCHAR, TrinoType, literal

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler

_TABLE = r"""
    from_unixtime(double) -> timestamptz := make_timestamptz(CAST(round({0} * 1000) AS BIGINT) * 1000)
    from_iso8601_date(varchar) -> date := trino_iso_date({0})
    human_readable_seconds(double) -> varchar := trino_readable_seconds({0})
"""

_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_DATE_UNITS = _UNITS[4:]
_INSTANTS = frozenset({"date", "timestamp", "timestamp with time zone"})
_NOW = TrinoType("timestamp with time zone", MILLIS)
_PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week", "day": "day",
    "day_of_month": "day", "day_of_week": "isodow", "dow": "isodow", "day_of_year": "dayofyear", "doy": "dayofyear",
    "year_of_week": "isoyear", "yow": "isoyear", "hour": "hour", "minute": "minute", "second": "second",
}  # fmt: skip
_TIME_PARTS = frozenset({"hour", "minute", "second", "millisecond"})


def _instant(call: Invocation, index: int) -> Typed:
    value = call.value(index)
    if value.type.name not in _INSTANTS:
        raise call.mismatch([value])
    return value


def _unit(call: Invocation, kind: TrinoType) -> str:
    unit = call.text(0).lower()
    if unit not in _UNITS or (kind.name == "date" and unit not in _DATE_UNITS):
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid {kind.name.upper()} field")
    return unit


def _part(function: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(1)
        value = call.value(0)
        takes_time = call.name.lower() in _TIME_PARTS
        accepted = {*_INSTANTS, "time"} - {"date"} if takes_time else _INSTANTS
        if value.type.name not in accepted:
            raise call.mismatch([value])
        return Typed(f"{function}({time_zones.local_time(value)})", BIGINT)

    return handle


def _date(call: Invocation) -> Typed:
    call.arity(1)
    return casts.cast(call.value(0), DATE)


def _date_trunc(call: Invocation) -> Typed:
    call.arity(2)
    value = _instant(call, 1)
    unit = _unit(call, value.type)
    if unit == "millisecond":
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", "'millisecond' is not a valid field of date_trunc here")
    cut = f"date_trunc('{unit}', {time_zones.local_time(value)})"
    if value.type.name == "date":
        return Typed(f"CAST({cut} AS DATE)", DATE)
    return Typed(time_zones.instant(cut, value.type), value.type)


def _date_add(call: Invocation) -> Typed:
    call.arity(3)
    value, amount = _instant(call, 2), casts.expect(call.value(1), BIGINT, "date_add")
    unit = _unit(call, value.type)
    interval = f"INTERVAL ({amount.sql}) {unit.upper()}" if unit != "quarter" else f"INTERVAL (3 * {amount.sql}) MONTH"
    if value.type.name == "date":
        return Typed(f"CAST({value.sql} + {interval} AS DATE)", DATE)
    # Days and longer units are added to the local time: a day may have 23 or 25 hours.
    if unit in _DATE_UNITS:
        return Typed(time_zones.instant(f"({time_zones.local_time(value)} + {interval})", value.type), value.type)
    return Typed(f"({value.sql} + {interval})", value.type)


def _date_diff(call: Invocation) -> Typed:
    call.arity(3)
    start, end = _instant(call, 1), _instant(call, 2)
    kind = common_type(start.type, end.type)
    assert kind is not None  # noqa: S101 -- instants always have a common type
    unit = _unit(call, kind)
    sides = [casts.coerce(side, kind) for side in (start, end)]
    if kind.name == "date":
        a, b = (side.sql for side in sides)
    else:
        # Trino truncates to milliseconds before it counts
        zoned = [Typed(side.sql, kind) for side in sides]
        a, b = (f"date_trunc('millisecond', {time_zones.local_time(side)})" for side in zoned)
    return Typed(f"date_sub('{unit}', {a}, {b})", BIGINT)


def _last_day_of_month(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"last_day({time_zones.local_time(_instant(call, 0))})", DATE)


def _format_with(*, joda: bool) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(2)
        pattern = call.text(1)
        form = joda_format(pattern) if joda else mysql_format(pattern)
        return Typed(f"strftime({time_zones.local_time(_instant(call, 0))}, {literal(form)})", VARCHAR)

    return handle


def _date_parse(call: Invocation) -> Typed:
    call.arity(2)
    text = casts.expect(call.value(0), VARCHAR, "date_parse")
    form = literal(mysql_format(call.text(1)))
    return Typed(f"strptime({text.sql}, {form})", TrinoType("timestamp", MILLIS))


def _parse_datetime(call: Invocation) -> Typed:
    call.arity(2)
    text = casts.expect(call.value(0), VARCHAR, "parse_datetime")
    form = literal(joda_format(call.text(1)))
    return Typed(f"(strptime({text.sql}, {form}) AT TIME ZONE 'UTC')", _NOW)


def _to_unixtime(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"epoch({_instant(call, 0).sql})", DOUBLE)


def _to_iso8601(call: Invocation) -> Typed:
    call.arity(1)
    value = _instant(call, 0)
    if value.type.name == "date":
        return Typed(f"strftime({value.sql}, '%Y-%m-%d')", VARCHAR)
    form = "%Y-%m-%dT%H:%M:%S" + {0: "", MILLIS: ".%g", MICROS: ".%f"}.get(value.type.precision or 0, "?")
    if "?" in form or value.type.zone != "UTC":
        raise UnsupportedSqlError(f"to_iso8601 of {value.type} in zone {value.type.zone}")
    zone = "Z" if value.type.name != "timestamp" else ""
    return Typed(f"strftime({time_zones.local_time(value)}, '{form}{zone}')", VARCHAR)


def _from_iso8601_timestamp(call: Invocation) -> Typed:
    call.arity(1)
    text = casts.expect(call.value(0), VARCHAR, call.name)
    return Typed(f"CAST({text.sql} AS TIMESTAMPTZ)", _NOW)


def _from_unixtime_nanos(call: Invocation) -> Typed:
    call.arity(1)
    value = casts.expect(call.value(0), BIGINT, call.name)
    return Typed(f"make_timestamptz({value.sql} // 1000)", TrinoType("timestamp with time zone", 9))


def _at_timezone(call: Invocation) -> Typed:
    call.arity(2)
    return operators.at_time_zone(call.value(0), call.text(1))


def _with_timezone(call: Invocation) -> Typed:
    call.arity(2)
    value = call.value(0)
    if value.type.name != "timestamp":
        raise call.mismatch([value])
    kind = TrinoType("timestamp with time zone", value.type.precision, zone=time_zones.zone_name(call.text(1)))
    return Typed(time_zones.instant(value.sql, kind), kind)


def _now(call: Invocation) -> Typed:
    call.arity(0)
    return Typed("date_trunc('millisecond', now())", _NOW)


_DURATION = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def _parse_duration(call: Invocation) -> Typed:
    call.arity(1)
    matched = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*", call.text(0))
    if matched is None:
        raise UnsupportedSqlError(f"Duration {call.text(0)!r}")
    millis = round(float(matched[1]) * _DURATION[matched[2]])
    return Typed(f"(INTERVAL '{millis}' MILLISECOND)", DAY_SECOND)


def _to_milliseconds(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value(0)
    if value.type != DAY_SECOND:
        raise call.mismatch([value])
    return Typed(f"CAST(epoch({value.sql}) * 1000 AS BIGINT)", BIGINT)


HANDLERS: dict[str, Handler] = {
    **declare(_TABLE),
    **{name: _part(function) for name, function in _PARTS.items()},
    "millisecond": _part("trino_millisecond"),
    "date": _date,
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "last_day_of_month": _last_day_of_month,
    "date_format": _format_with(joda=False),
    "format_datetime": _format_with(joda=True),
    "date_parse": _date_parse,
    "parse_datetime": _parse_datetime,
    "to_unixtime": _to_unixtime,
    "to_iso8601": _to_iso8601,
    "from_iso8601_timestamp": _from_iso8601_timestamp,
    "from_unixtime_nanos": _from_unixtime_nanos,
    "at_timezone": _at_timezone,
    "with_timezone": _with_timezone,
    "now": _now,
    "parse_duration": _parse_duration,
    "to_milliseconds": _to_milliseconds,
}
