"""Time zones: the local time of an instant, the instant of a local time, and the names of zones."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.trino_types import TrinoType, literal

if TYPE_CHECKING:
    from localaws.athena.sql.scope import Typed


def local_time(value: Typed) -> str:
    """Return SQL of the local time of a value in its own zone, a TIMESTAMP without zone.

    Raises UnsupportedSqlError when the zone is not known while compiling.
    """
    if value.type.name != "timestamp with time zone":
        return value.sql
    if value.type.zone is None and value.local is not None:
        return value.local
    if value.type.zone is None:
        raise UnsupportedSqlError("Reading the local time of timestamps whose time zones differ or are computed")
    minutes = offset_minutes(value.type.zone)
    if minutes is not None:
        return f"(({value.sql} AT TIME ZONE 'UTC') + INTERVAL '{minutes}' MINUTE)"
    return f"({value.sql} AT TIME ZONE {literal(value.type.zone)})"


def instant(local_sql: str, kind: TrinoType) -> str:
    """Return SQL of the instant of a local time in the type's zone: the inverse of `local_time`."""
    if kind.name != "timestamp with time zone":
        return local_sql
    minutes = offset_minutes(kind.zone or "UTC")
    if minutes is not None:
        return f"(({local_sql} - INTERVAL '{minutes}' MINUTE) AT TIME ZONE 'UTC')"
    return f"({local_sql} AT TIME ZONE {literal(kind.zone or 'UTC')})"


_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?")
_LARGEST = 14 * 60


def offset_minutes(zone: str) -> int | None:
    """Return the minutes east of UTC of a zone such as `+05:30`, None for a zone that has a name."""
    matched = _OFFSET.fullmatch(zone)
    if matched is None:
        return None
    minutes = int(matched[2]) * 60 + int(matched[3] or 0)
    return -minutes if matched[1] == "-" else minutes


def zone_name(text: str) -> str:
    """Return the name of a zone, or its offset as `+05:30`. Raises AthenaError for a zone that does not exist."""
    if text.upper() in {"UTC", "Z", "GMT", "UT", "ETC/UTC"}:
        return "UTC"
    minutes = offset_minutes(text)
    if minutes is not None:
        if abs(minutes) > _LARGEST:
            raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone")
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" if minutes else "UTC"
    known = zoneinfo.available_timezones()
    named = {name.lower(): name for name in known}.get(text.lower(), text)
    if known and named not in known:
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone")
    return named
