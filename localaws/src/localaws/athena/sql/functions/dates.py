"""Dates and times. Parts of a value with a time zone are those of the local time in its zone, as in Trino."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts, operators, time_zones
from localaws.athena.sql.functions.date_formats import is_plain_mysql, mysql_format
from localaws.athena.sql.functions.registry import Invocation, declare
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, DATE, DAY_SECOND, DOUBLE, MICROS, MILLIS, VARCHAR, TrinoType, literal

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler

_TABLE = r"""
    from_iso8601_date(varchar) -> date := trino_iso_date({0})
    parse_duration(varchar) -> daysecond := to_milliseconds(trino_parse_duration({0}))
    current_timezone() -> varchar := 'UTC'
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


_MILLIS = "CAST(trunc(epoch({0}) * 1000) AS BIGINT)"
_MONTHS = "(date_part('year', {0}) * 12 + date_part('month', {0}))"
_INTERVAL_PARTS = {
    "interval day to second": {
        "day": f"CAST(trunc({_MILLIS} / 86400000) AS BIGINT)",
        "hour": f"CAST(trunc({_MILLIS} / 3600000) AS BIGINT) % 24",
        "minute": f"CAST(trunc({_MILLIS} / 60000) AS BIGINT) % 60",
        "second": f"CAST(trunc({_MILLIS} / 1000) AS BIGINT) % 60",
        "millisecond": f"{_MILLIS} % 1000",
    },
    "interval year to month": {
        "year": f"CAST(trunc({_MONTHS} / 12) AS BIGINT)",
        "month": f"CAST({_MONTHS} % 12 AS BIGINT)",
    },
}


def _instant(call: Invocation, index: int) -> Typed:
    value = call.value(index)
    if value.type.name not in _INSTANTS:
        raise call.mismatch([value])
    return value


def _unit(call: Invocation, kind: TrinoType) -> str:
    unit = call.text(0).lower()
    allowed = {"date": _DATE_UNITS, "time": _UNITS[:4]}.get(kind.name, _UNITS)
    if unit not in allowed:
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid {kind.name.upper()} field")
    return unit


def _part(function: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(1)
        value = call.value(0)
        takes_time = call.name.lower() in _TIME_PARTS
        accepted = {*_INSTANTS, "time", DAY_SECOND.name} - {"date"} if takes_time else _INSTANTS
        part = call.name.lower()
        if value.type.name in _INTERVAL_PARTS and part in _INTERVAL_PARTS[value.type.name]:
            return Typed(_INTERVAL_PARTS[value.type.name][part].format(value.sql), BIGINT)
        if value.type.name not in accepted:
            raise call.mismatch([value])
        return Typed(f"{function}({time_zones.local_time(value)})", BIGINT)

    return handle


def _date(call: Invocation) -> Typed:
    call.arity(1)
    return casts.cast(call.value(0), DATE)


def _instant_or_time(call: Invocation, index: int) -> Typed:
    value = call.value(index)
    if value.type.name not in {*_INSTANTS, "time"}:
        raise call.mismatch([value])
    return value


def _date_trunc(call: Invocation) -> Typed:
    call.arity(2)
    value = _instant_or_time(call, 1)
    unit = _unit(call, value.type)
    if value.type.name == "time":
        return Typed(f"CAST(date_trunc('{unit}', DATE '2000-01-01' + {value.sql}) AS TIME)", value.type)
    cut = f"date_trunc('{unit}', {time_zones.local_time(value)})"
    if value.type.name == "date":
        return Typed(f"CAST({cut} AS DATE)", DATE)
    return Typed(time_zones.instant(cut, value.type), value.type)


def _date_add(call: Invocation) -> Typed:
    call.arity(3)
    value, amount = _instant_or_time(call, 2), casts.expect(call.value(1), BIGINT, "date_add")
    unit = _unit(call, value.type)
    interval = f"INTERVAL ({amount.sql}) {unit.upper()}" if unit != "quarter" else f"INTERVAL (3 * {amount.sql}) MONTH"
    if value.type.name == "time":
        return Typed(f"({value.sql} + {interval})", value.type)
    if value.type.name == "date":
        return Typed(f"CAST({value.sql} + {interval} AS DATE)", DATE)
    # Days and longer units are added to the local time: a day may have 23 or 25 hours.
    if unit in _DATE_UNITS:
        return Typed(time_zones.instant(f"({time_zones.local_time(value)} + {interval})", value.type), value.type)
    return Typed(f"({value.sql} + {interval})", value.type)


def _date_diff(call: Invocation) -> Typed:
    call.arity(3)
    start, end = _instant_or_time(call, 1), _instant_or_time(call, 2)
    kind = common_type(start.type, end.type)
    if kind is None:
        raise call.mismatch([start, end])
    unit = _unit(call, kind)
    a, b = (casts.coerce(side, kind) for side in (start, end))
    if kind.name == "date":
        return Typed(f"date_sub('{unit}', {a.sql}, {b.sql})", BIGINT)
    if kind.name == "time":
        return Typed(f"date_sub('{unit}', DATE '2000-01-01' + {a.sql}, DATE '2000-01-01' + {b.sql})", BIGINT)
    # Hours and shorter units pass; days and longer ones are those of the calendar in the zone of the first argument.
    zone = replace(kind, zone="UTC" if unit not in _DATE_UNITS else start.type.zone)
    one, two = (f"date_trunc('millisecond', {time_zones.local_time(Typed(side.sql, zone))})" for side in (a, b))
    return Typed(f"date_sub('{unit}', {one}, {two})", BIGINT)


def _last_day_of_month(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"last_day({time_zones.local_time(_instant(call, 0))})", DATE)


def _date_format(call: Invocation) -> Typed:
    call.arity(2)
    value, pattern = _instant(call, 0), casts.expect(call.value(1), VARCHAR, "date_format")
    if pattern.constant is not None and is_plain_mysql(pattern.constant):
        return Typed(f"strftime({time_zones.local_time(value)}, {literal(mysql_format(pattern.constant))})", VARCHAR)
    return Typed(f"trino_date_format(CAST({time_zones.local_time(value)} AS TIMESTAMP), {pattern.sql})", VARCHAR)


def _format_datetime(call: Invocation) -> Typed:
    call.arity(2)
    value, pattern = _instant(call, 0), casts.expect(call.value(1), VARCHAR, "format_datetime")
    local, zone = f"CAST({time_zones.local_time(value)} AS TIMESTAMP)", literal(value.type.zone or "UTC")
    minutes = f"trino_offset_seconds({local}, {zone}) // 60" if value.type.name == "timestamp with time zone" else "0"
    return Typed(f"trino_format_datetime({local}, {pattern.sql}, {zone}, {minutes})", VARCHAR)


def _date_parse(call: Invocation) -> Typed:
    call.arity(2)
    text, pattern = (casts.expect(v, VARCHAR, "date_parse") for v in call.values())
    return Typed(f"trino_date_parse({text.sql}, {pattern.sql})", TrinoType("timestamp", MILLIS))


def _parse_datetime(call: Invocation) -> Typed:
    call.arity(2)
    text = casts.expect(call.value(0), VARCHAR, "parse_datetime")
    pattern = casts.expect(call.value(1), VARCHAR, "parse_datetime")
    read = f"trino_parse_datetime({text.sql}, {pattern.sql})"
    # Without a zone in the pattern the time is one of UTC; with one, each text has its own.
    zoned = pattern.constant is None or re.search(r"[Zz]", re.sub(r"'[^']*'", "", pattern.constant)) is not None
    kind = replace(_NOW, zone=None) if zoned else _NOW
    return Typed(f"trino_timestamp_tz(rtrim({read}[1] || ' ' || {read}[2]))", kind)


def _to_unixtime(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"epoch({_instant(call, 0).sql})", DOUBLE)


def _to_iso8601(call: Invocation) -> Typed:
    call.arity(1)
    value = _instant(call, 0)
    if value.type.name == "date":
        return Typed(f"strftime({value.sql}, '%Y-%m-%d')", VARCHAR)
    form = "%Y-%m-%dT%H:%M:%S" + {0: "", MILLIS: ".%g", MICROS: ".%f"}.get(value.type.precision or 0, "?")
    if "?" in form:
        raise UnsupportedSqlError(f"to_iso8601 of {value.type}")
    local = time_zones.local_time(value)
    if value.type.name == "timestamp":
        return Typed(f"strftime({local}, '{form}')", VARCHAR)
    if value.type.zone == "UTC":
        return Typed(f"strftime({local}, '{form}Z')", VARCHAR)
    zone = literal(value.type.zone or "UTC")
    offset = f"trino_format_datetime(CAST({local} AS TIMESTAMP), 'ZZ', {zone}, "
    offset += f"trino_offset_seconds(CAST({local} AS TIMESTAMP), {zone}) // 60)"
    return Typed(f"strftime({local}, '{form}') || {offset}", VARCHAR)


def _from_iso8601_timestamp(call: Invocation) -> Typed:
    call.arity(1)
    text = casts.expect(call.value(0), VARCHAR, call.name)
    zone: str | None = None
    if text.constant is not None:
        written = re.search(r"T.*?(Z|[+-]\d{2}(?::?\d{2})?)$", text.constant)
        zone = time_zones.zone_name(written[1]) if written else "UTC"
    precision = MICROS + 3 if call.name.lower().endswith("nanos") else MILLIS
    kind = TrinoType("timestamp with time zone", precision, zone=zone)
    return Typed(f"trino_iso_timestamp({text.sql})", kind, local=f"trino_iso_local({text.sql})")


def _from_unixtime(call: Invocation) -> Typed:
    call.arity(1, 2, 3)
    seconds = casts.expect(call.value(0), DOUBLE, call.name)
    at = f"make_timestamptz(CAST(round({seconds.sql} * 1000) AS BIGINT) * 1000)"
    match len(call.nodes):
        case 1:
            return Typed(at, _NOW)
        case 2:
            return Typed(at, replace(_NOW, zone=time_zones.zone_name(call.text(1))))
    hours, minutes = (int(call.text(i)) for i in (1, 2))
    offset = hours * 60 + minutes
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    return Typed(at, replace(_NOW, zone=time_zones.zone_name(zone)))


def _time_zone_part(divisor: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(1)
        value = call.value_of_type(0, "timestamp with time zone")
        local = f"CAST({time_zones.local_time(value)} AS TIMESTAMP)"
        minutes = f"(trino_offset_seconds({local}, {literal(value.type.zone or 'UTC')}) // 60)"
        return Typed(f"CAST({divisor.format(minutes)} AS BIGINT)", BIGINT)

    return handle


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
    "date_format": _date_format,
    "format_datetime": _format_datetime,
    "from_unixtime": _from_unixtime,
    "from_iso8601_timestamp_nanos": _from_iso8601_timestamp,
    "timezone_hour": _time_zone_part("trunc({0} / 60)"),
    "timezone_minute": _time_zone_part("{0} % 60"),
    "date_parse": _date_parse,
    "parse_datetime": _parse_datetime,
    "to_unixtime": _to_unixtime,
    "to_iso8601": _to_iso8601,
    "from_iso8601_timestamp": _from_iso8601_timestamp,
    "from_unixtime_nanos": _from_unixtime_nanos,
    "at_timezone": _at_timezone,
    "with_timezone": _with_timezone,
    "now": _now,
    "to_milliseconds": _to_milliseconds,
}
