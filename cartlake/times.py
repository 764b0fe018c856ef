"""Timestamps as the lake writes them: UTC, ISO 8601, microseconds, `Z`, so that they sort as text."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time in UTC, with its time zone."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return a time that has a time zone as e.g. `2026-01-31T08:30:00.000000Z`, always 27 characters."""
    # Not isoformat(): it leaves out the microseconds when they are zero, and the texts would not sort.
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """Return the time of a text that `stamp` wrote. Raises ValueError for a text that is not ISO 8601."""
    return datetime.fromisoformat(text)
