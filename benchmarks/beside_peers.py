"""Cartlake beside dbt-duckdb, dlt and plain PySpark: rows per second of the same world, side by side in one run.

Cartlake's time runs from the first file dropped to the last table rebuilt, and makes all its tables; a peer's from the
start of its process to its end, and makes those of `benchmarks/peers`.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.peers.measure import LAST_DAY, measure_peers, rows_of
from benchmarks.world import SEED, as_measure, load_files, new_lake
from generators.world import generate_world

DAYS = int(os.environ.get("CARTLAKE_BENCH_PEER_DAYS", "30"))
ORDERS_PER_DAY = int(os.environ.get("CARTLAKE_BENCH_PEER_ORDERS", "500"))
RATIOS = {
    "rows_per_s_over_dbt_duckdb": "dbt_duckdb_rows_per_s",
    "rows_per_s_over_dlt": "dlt_rows_per_s",
    "rows_per_s_over_dlt_arrow": "dlt_arrow_rows_per_s",
    "rows_per_s_over_plain_pyspark": "plain_pyspark_rows_per_s",
}


def measure() -> list[dict[str, Any]]:
    """Rows per second of Cartlake and of each peer, and Cartlake's as a share of each."""
    with TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        generate_world(world, days=DAYS, orders_per_day=ORDERS_PER_DAY, seed=SEED, end_date=LAST_DAY)
        rows = rows_of(world)
        with new_lake(Path(folder) / "checkout") as lake:
            ours = load_files(lake, sorted(path for path in world.glob("*/*") if path.is_file()))
        peers = measure_peers(world, rows)
    speed = ours.rows / ours.seconds
    theirs = {measure["name"]: measure["value"] for measure in peers}
    return [
        as_measure("cartlake_rows_per_s", speed, "rows/s"),
        *peers,
        *(as_measure(name, speed / theirs[peer], "x") for name, peer in RATIOS.items()),
    ]
