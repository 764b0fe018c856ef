"""How fast order lines are made: 1 % dirty, written to disk and hashed, in rows per second of processor time.

Processor time, because the claim is per core; all threads count.
"""

import shutil
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from generators.order_lines import Plan
from generators.transactions import Format, generate_transactions
from generators.world import build_world

ROWS = 1_000_000
AIM = 100_000
REPEATS = 3
LAST_DAY = date(2026, 6, 30)


def measure() -> list[dict[str, Any]]:
    """One measure per format; `value` is the median of `runs`."""
    build_world(0, Plan(ROWS, 30, 0, LAST_DAY).customers)  # names are made once per process, whatever the rows
    return [measure_format("csv", compressed=False), measure_format("csv", compressed=True)] + [
        measure_format(file_format, compressed=False) for file_format in ("jsonl", "parquet")
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


if __name__ == "__main__":
    for result in measure():
        print(f"{result['name']:35} {result['value']:>12,.0f} {result['unit']} (aim {result['aim']:,})")
