"""The same increment, a day of files, on worlds of 30, 90 and 365 days: its time must not grow with the lake."""

import os
from typing import Any

from benchmarks.world import as_measure, load_world

ORDERS_PER_DAY = int(os.environ.get("CARTLAKE_BENCH_SMALL_ORDERS", "300"))
WORLDS = (30, 90, 365)
MOST_GROWTH = 1.3


def measure() -> list[dict[str, Any]]:
    """Each world gets a lake of its own."""
    days = {length: load_world(length, ORDERS_PER_DAY)[1] for length in WORLDS}
    slowest = sorted(days[365].table_seconds.items(), key=lambda item: -item[1])[:5]
    return [
        *(as_measure(f"increment_seconds_on_{length}d", load.seconds, "s") for length, load in days.items()),
        *(as_measure(f"increment_on_365d_table_seconds_{table}", seconds, "s") for table, seconds in slowest),
        *(as_measure(f"increment_on_30d_table_seconds_{t}", days[30].table_seconds.get(t, 0), "s") for t, _ in slowest),
        as_measure("increment_365d_over_30d", days[365].seconds / days[30].seconds, "x", MOST_GROWTH),
    ]
