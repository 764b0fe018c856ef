"""Moments as the lake writes them: UTC, ISO 8601, microseconds, `Z`, so that text order is time order."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Write an aware moment as e.g. `2026-01-31T08:30:00.000000Z`; always 27 characters, so stamps sort as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """Read what `stamp` wrote, or any other ISO 8601 moment that names its offset."""
    return datetime.fromisoformat(text)
