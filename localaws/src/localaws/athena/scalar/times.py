"""Instants in text: casts to timestamps with time zone, and ISO 8601."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

from localaws.athena.scalar.signature import ScalarError, function

_TEXT = re.compile(r"(\d{4,}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,12})?)?))?\s*([A-Za-z+-].*)?")
_ISO = re.compile(
    r"(?P<day>\d{4}(?:-\d{2}(?:-\d{2})?|-W\d{2}(?:-\d)?|-\d{3})?)"
    r"(?:T(?P<time>\d{2}(?::\d{2}(?::\d{2}(?:[.,]\d+)?)?)?)?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?"
)


def zone_of(name: str) -> dt.tzinfo:
    """Return a time zone by its name or offset. Raises ScalarError for one that does not exist."""
    matched = re.fullmatch(r"([+-])(\d{1,2})(?::?(\d{2}))?", name)
    if matched:
        minutes = int(matched[2]) * 60 + int(matched[3] or 0)
        return dt.timezone(dt.timedelta(minutes=-minutes if matched[1] == "-" else minutes))
    try:
        return dt.UTC if name.upper() in {"Z", "UTC"} else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ScalarError(f"'{name}' is not a valid time zone") from error


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    """Return the match of the whole text. Raises ValueError when there is none."""
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found


def _clock(text: str | None) -> dt.time:
    if not text:
        return dt.time()
    whole, _, fraction = text.replace(",", ".").partition(".")
    parts = [int(part) for part in whole.split(":")]
    hour, minute, second = [*parts, 0, 0][:3]
    return dt.time(hour, minute, second, int(fraction[:6].ljust(6, "0")) if fraction else 0)


def _timestamp_tz(text: str) -> dt.datetime:
    """Return the instant of a text; without a zone it is one of UTC, the session's zone."""
    try:
        matched = _matched(_TEXT, text.strip())
        day = dt.date(*map(int, matched[1].split("-")))
        return dt.datetime.combine(day, _clock(matched[2]), zone_of((matched[3] or "UTC").strip()))
    except (ValueError, ScalarError) as error:
        message = f"Cannot cast '{text}' to timestamp with time zone"
        raise ScalarError(message, "INVALID_CAST_ARGUMENT") from error


def _day(text: str) -> dt.date:
    if "W" in text:
        return dt.date.fromisocalendar(int(text[:4]), int(text[6:8]), int(text[9:] or 1))
    parts = text.split("-")
    if len(parts) == 2 and len(parts[1]) == 3:  # noqa: PLR2004 -- year and day of the year
        return dt.date(int(parts[0]), 1, 1) + dt.timedelta(days=int(parts[1]) - 1)
    return dt.date(*[*map(int, parts), 1, 1][:3])


def _iso_timestamp(text: str) -> dt.datetime:
    try:
        matched = _matched(_ISO, text)
        return dt.datetime.combine(_day(matched["day"]), _clock(matched["time"]), zone_of(matched["zone"] or "UTC"))
    except ValueError as error:
        raise ScalarError(f'Invalid format: "{text}"') from error


def _iso_local(text: str) -> dt.datetime:
    """Return the time as it is written, in the zone that the text names."""
    return _iso_timestamp(text).replace(tzinfo=None)


def _iso_zone(text: str) -> str:
    matched = _ISO.fullmatch(text)
    return (matched["zone"] or "Z") if matched else "Z"


def _iso_date(text: str) -> dt.date:
    try:
        return _day(_matched(_ISO, text.replace("T", "?"))["day"])
    except ValueError as error:
        raise ScalarError(f'Invalid format: "{text}"') from error


_DURATION = {
    "ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7,
}  # fmt: skip


def _parse_duration(text: str) -> int:
    """Return the milliseconds of a duration such as `1.5h`."""
    matched = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    if matched is None:
        raise ScalarError(f"duration is not a valid data duration string: {text}")
    if matched[2] not in _DURATION:
        raise ScalarError(f"Unknown time unit: {matched[2]}")
    return round(float(matched[1]) * _DURATION[matched[2]])


def _offset_seconds(local: dt.datetime, zone: str) -> int:
    """Return the seconds east of UTC at a local time."""
    offset = local.replace(tzinfo=zone_of(zone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


FUNCTIONS = {
    "trino_timestamp_tz": function(_timestamp_tz, "VARCHAR", "TIMESTAMPTZ"),
    "trino_iso_timestamp": function(_iso_timestamp, "VARCHAR", "TIMESTAMPTZ"),
    "trino_iso_local": function(_iso_local, "VARCHAR", "TIMESTAMP"),
    "trino_iso_zone": function(_iso_zone, "VARCHAR", "VARCHAR"),
    "trino_iso_date": function(_iso_date, "VARCHAR", "DATE"),
    "trino_parse_duration": function(_parse_duration, "VARCHAR", "BIGINT"),
    "trino_offset_seconds": function(_offset_seconds, "TIMESTAMP, VARCHAR", "BIGINT"),
}
