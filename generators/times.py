"""Seconds and days, as the generators count them: Unix seconds in UTC, and days since 1970."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

HOUR: Final = 3_600
DAY: Final = 24 * HOUR


def midnight(day: date) -> int:
    """The first second (Unix, UTC) of a day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def yesterday() -> date:
    """The last day that is over in UTC: no line of it can lie in the future."""
    return datetime.now(UTC).date() - timedelta(days=1)
