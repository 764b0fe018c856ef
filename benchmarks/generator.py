"""How fast rows are made: 1 % dirty, written to disk and hashed, in rows per second of processor time.

Order lines alone by format, then the files of a whole world, where every row agrees with every other.

Processor time, because the claim is per core; all threads count.
"""

import shutil
import tempfile
import time
from collections.abc import Collection
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from generators.order_lines import Plan
from generators.transactions import Format, generate_transactions
from generators.world import build_world
from generators.worlds import DATASETS, generate_world

ROWS = 1_000_000
AIM = 500_000
WORLD_DAYS, WORLD_ORDERS_PER_DAY = 30, 2000
REPEATS = 3
LAST_DAY = date(2026, 6, 30)


def measure() -> list[dict[str, Any]]:
    """One measure per format; `value` is the median of `runs`."""
    build_world(0, Plan(ROWS, 30, 0, LAST_DAY).customers)  # names are made once per process, whatever the rows
    return [
        measure_format("csv", compressed=False),
        measure_format("csv", compressed=True),
        measure_format("jsonl", compressed=False),
        measure_format("parquet", compressed=False),
        measure_world("clickstream", ["clickstream"]),
        measure_world("world", DATASETS),
    ]


def measure_format(file_format: Format, *, compressed: bool) -> dict[str, Any]:
    runs = [rows_per_second(file_format, compressed=compressed) for _ in range(REPEATS)]
    name = f"generator_{file_format}{'_gz' if compressed else ''}_rows_per_s"
    return {"name": name, "value": median(runs), "unit": "rows/s", "aim": AIM, "runs": runs}


def rows_per_second(file_format: Format, *, compressed: bool) -> float:
    out = Path(tempfile.mkdtemp())
    try:
        start = time.process_time()
        generate_transactions(out, rows=ROWS, seed=0, end_date=LAST_DAY, file_format=file_format, compressed=compressed)
        return round(ROWS / (time.process_time() - start))
    finally:
        shutil.rmtree(out)


def measure_world(name: str, datasets: Collection[str]) -> dict[str, Any]:
    """Rows per second of a world of which only some datasets are written; all of it is made."""
    runs = [world_rows_per_second(datasets) for _ in range(REPEATS)]
    return {
        "name": f"generator_{name}_rows_per_s",
        "value": median(runs),
        "unit": "rows/s",
        "aim": AIM if name == "clickstream" else None,
        "runs": runs,
    }


def world_rows_per_second(datasets: Collection[str]) -> float:
    out = Path(tempfile.mkdtemp())
    try:
        start = time.process_time()
        manifest = generate_world(
            out, days=WORLD_DAYS, orders_per_day=WORLD_ORDERS_PER_DAY, seed=0, end_date=LAST_DAY, datasets=datasets
        )
        seconds = time.process_time() - start
        return round(sum(manifest.datasets[name].rows for name in datasets) / seconds)
    finally:
        shutil.rmtree(out)


if __name__ == "__main__":
    for result in measure():
        print(f"{result['name']:35} {result['value']:>12,.0f} {result['unit']}")
