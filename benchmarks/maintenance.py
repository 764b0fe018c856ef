"""How long a query takes over many small files, and over the same rows in joined files: one table, in one run.

Both sides ask Athena's API for the same sum over an order-like table: first of many small files, as many loads leave
them, then of the files that joining makes of them. Rows are the same; the tests of maintenance check that.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from benchmarks.world import as_measure
from cartlake.aws.clients import client
from cartlake.contracts import Maintenance
from cartlake.maintenance.health import measure as measured
from cartlake.tables.catalog import load_catalog
from cartlake.tables.file_stats_reader import file_stats_of
from cartlake_cli.commands.local import emulator
from cartlake_cli.context import local_variables

LOADS = int(os.environ.get("CARTLAKE_BENCH_LOADS", "200"))
ROWS_PER_LOAD = 2_000
REPEATS = int(os.environ.get("CARTLAKE_BENCH_REPEATS", "5"))
MOST_AFTER = 0.5
DATABASE = "bench_maintenance"
QUERY = "select country, sum(amount), count(*) from orders group by country"


def measure() -> list[dict[str, Any]]:
    """Seconds and bytes of one query over small files and over joined ones; seconds of reading the table's metadata."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        emulator.start(root)
        try:
            os.environ.update(local_variables(root))
            client.cache_clear()
            return _measured(_small_files())
        finally:
            emulator.stop(root)
            client.cache_clear()


def _measured(table: Any) -> list[dict[str, Any]]:
    looked, health_before = _look(table)
    before = _asked()
    _run("optimize orders rewrite data using bin_pack")
    table.refresh()
    _, health_after = _look(table)
    after = _asked()
    return [
        as_measure("maintenance_files_before", health_before.data_files, "files"),
        as_measure("maintenance_files_after", health_after.data_files, "files"),
        as_measure("maintenance_query_seconds_before", before[0], "s"),
        as_measure("maintenance_query_seconds_after", after[0], "s"),
        as_measure("maintenance_scan_ratio", after[0] / before[0], "x", MOST_AFTER),
        as_measure("maintenance_scanned_bytes_ratio", after[1] / before[1], "x"),
        as_measure("maintenance_health_seconds", looked, "s"),
    ]


def _look(table: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    health = measured(file_stats_of(table, Maintenance()), Maintenance())
    return time.perf_counter() - started, health


def _small_files() -> Any:
    client("s3").create_bucket(Bucket="bench-maintenance")
    client("glue").create_database(DatabaseInput={"Name": DATABASE})
    rows = pa.table(
        {
            "order_id": [f"ORD-{number:08d}" for number in range(ROWS_PER_LOAD)],
            "country": ["DE" if number % 3 else "FR" for number in range(ROWS_PER_LOAD)],
            "amount": [float(number % 97) for number in range(ROWS_PER_LOAD)],
            "ordered_at": [datetime(2026, 11, 1, tzinfo=UTC)] * ROWS_PER_LOAD,
        }
    )
    table = load_catalog().create_table((DATABASE, "orders"), rows.schema, location="s3://bench-maintenance/orders")
    for _ in range(LOADS):
        table.append(rows)
    return table


def _asked() -> tuple[float, int]:
    """Return median seconds and the bytes scanned; the first query finds empty caches, and does not count."""
    runs = [_run(QUERY) for _ in range(REPEATS + 1)][1:]
    return median(seconds for seconds, _ in runs), runs[-1][1]


def _run(sql: str) -> tuple[float, int]:
    athena, started = client("athena"), time.perf_counter()
    query_id = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": DATABASE},
        ResultConfiguration={"OutputLocation": "s3://bench-maintenance/results/"},
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] == "SUCCEEDED":
            return time.perf_counter() - started, execution["Statistics"]["DataScannedInBytes"]
        if execution["Status"]["State"] in {"FAILED", "CANCELLED"}:
            raise RuntimeError(f"{sql[:60]}: {execution['Status'].get('StateChangeReason')}")
