"""How fast rows are generated: 1 % dirty, written to disk and hashed, in rows per second of processor time.

Order lines alone by format, then the files of a whole world, where every row agrees with every other.

Processor time, because the claim is per core; all threads count.
"""

import time
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from generators.files.formats import Format
from generators.plan.rows import RowPlan
from generators.schemas import DATASETS
from generators.shop.shop import build_shop
from generators.transactions import generate_transactions
from generators.world import generate_world

ROWS = 1_000_000
AIM = 400_000
WORLD_DAYS, WORLD_ORDERS_PER_DAY = 30, 2000
REPEATS = 3
LAST_DAY = date(2026, 6, 30)


def measure() -> list[dict[str, Any]]:
    """One measure per format; `value` is the median of `runs`."""
    build_shop(0, RowPlan(ROWS, 30, 0, LAST_DAY).customers)  # names are made once per process, whatever the rows
    return [
        measure_format("csv", compressed=False),
        measure_format("csv", compressed=True),
        measure_format("jsonl", compressed=False),
        measure_format("parquet", compressed=False),
        measure_world("clickstream", ["clickstream"], AIM),
        measure_world("world", DATASETS),
    ]


def measure_format(file_format: Format, *, compressed: bool) -> dict[str, Any]:
    def write(out: Path) -> int:
        generate_transactions(out, rows=ROWS, seed=0, end_date=LAST_DAY, file_format=file_format, compressed=compressed)
        return ROWS

    return _measured(f"{file_format}{'_gz' if compressed else ''}", write, AIM)


def measure_world(name: str, datasets: Collection[str], aim: float | None = None) -> dict[str, Any]:
    """Rows per second of a world of which only some datasets are written; all of it is made."""

    def write(out: Path) -> int:
        manifest = generate_world(
            out, days=WORLD_DAYS, orders_per_day=WORLD_ORDERS_PER_DAY, seed=0, end_date=LAST_DAY, datasets=datasets
        )
        return sum(manifest.datasets[name].rows for name in datasets)

    return _measured(name, write, aim)


def _measured(name: str, write: Callable[[Path], int], aim: float | None) -> dict[str, Any]:
    """Write into an empty folder again and again; `write` returns the rows it wrote."""
    runs = [_rows_per_second(write) for _ in range(REPEATS)]
    return {
        "name": f"generator_{name}_rows_per_s",
        "value": median(runs),
        "unit": "rows/s",
        "aim": aim,
        "runs": runs,
    }


def _rows_per_second(write: Callable[[Path], int]) -> float:
    with TemporaryDirectory() as out:
        start = time.process_time()
        rows = write(Path(out))
        return round(rows / (time.process_time() - start))


if __name__ == "__main__":
    for result in measure():
        print(f"{result['name']:35} {result['value']:>12,.0f} {result['unit']}")
