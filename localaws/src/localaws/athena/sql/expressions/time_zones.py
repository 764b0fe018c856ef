"""Time zones: the local time of an instant, the instant of a local time, and the names of zones."""

from __future__ import annotations

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
    if value.type.zone is None:
        raise UnsupportedSqlError("Reading the local time of timestamps whose time zones differ or are computed")
    return f"({value.sql} AT TIME ZONE {literal(value.type.zone)})"


def instant(local_sql: str, kind: TrinoType) -> str:
    """Return SQL of the instant of a local time in the type's zone: the inverse of `local_time`."""
    if kind.name != "timestamp with time zone":
        return local_sql
    return f"({local_sql} AT TIME ZONE {literal(kind.zone or 'UTC')})"


def zone_name(text: str) -> str:
    """Return DuckDB's name of a zone.

    Raises AthenaError for a zone that does not exist, UnsupportedSqlError for fixed offsets other than zero.
    """
    if text.upper() in {"UTC", "Z", "GMT", "+00:00", "ETC/UTC"}:
        return "UTC"
    if text[0] in "+-":
        raise UnsupportedSqlError(f"Time zone offset {text} (name a zone such as Europe/Berlin)")
    known = zoneinfo.available_timezones()
    if known and text not in known:
        raise AthenaError("INVALID_FUNCTION_ARGUMENT", f"'{text}' is not a valid time zone")
    return text
