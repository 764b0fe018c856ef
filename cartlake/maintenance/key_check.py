"""When to search a table for keys that stand more than once: where a contract says that event times never change.

Loads then compare a row with those of its own day only, so a key whose event time changed after all stands twice.
"""

from datetime import datetime, timedelta
from typing import Final

from cartlake.contracts import Table
from cartlake.maintenance.health import Action, Health, Need

KEY_CHECK: Final = timedelta(days=7)
"""Time between two searches. Each reads the key of every row."""
FIRST_CHECK: Final = timedelta(days=1)
"""Age of the oldest snapshot from which a table is searched for the first time; snapshots are kept for that long."""


def key_check(
    table: Table, health: Health, now: datetime, *, force: bool = False, keys_checked_at: datetime | None = None
) -> list[Need]:
    """Return the search for repeated keys if one is due, else nothing.

    `keys_checked_at` is when the table was last searched, None if it never was. `force` searches it at once.
    """
    if not table.event_time_fixed or health.written_at is None or not (force or _due(health, now, keys_checked_at)):
        return []
    since = f"since {keys_checked_at:%Y-%m-%d}" if keys_checked_at else "so far"
    why = f"event times of keys are said never to change, and that was not checked {since}"
    return [Need(action=Action.KEYS, why=why)]


def _due(health: Health, now: datetime, keys_checked_at: datetime | None) -> bool:
    if keys_checked_at is None:
        return health.oldest_snapshot_at is not None and now - health.oldest_snapshot_at >= FIRST_CHECK
    return now - keys_checked_at >= KEY_CHECK and health.written_at is not None and health.written_at > keys_checked_at


def repeated_keys_advice(table: str, repeated: int) -> str:
    """Return what is wrong with a table in which so many keys stand more than once, and what to do."""
    return (
        f"{repeated:,} keys of {table} stand more than once: their event times changed, though its contract says "
        "cartlake.eventTimeFixed. Take that out of the contract, and `lake backfill` the days that their files came: "
        "of each key the newest row stays."
    )
