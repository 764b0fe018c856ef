"""Many datasets and many queries at once: how long they take, and how much memory and how many runs that takes.

CARTLAKE_BENCH_DATASETS and CARTLAKE_BENCH_QUERIES make them fewer. Many files at once: suite `tiny_files`.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.world import as_measure, load_files, new_lake, peak_memory
from cartlake.ledger import FileState
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.local.up import bring_up
from cartlake_cli.commands.runs.drop import wait_until_processed
from cartlake_cli.context import Lake
from cartlake_cli.operations.upload import upload
from generators.transactions import generate_transactions

DATASETS = int(os.environ.get("CARTLAKE_BENCH_DATASETS", "100"))
QUERIES = int(os.environ.get("CARTLAKE_BENCH_QUERIES", "1000"))
CALLERS: Final = 50
LINES: Final = 100_000
LINES_OF_A_FILE: Final = 50
MOST_P95_SECONDS: Final = 60.0
FINAL_STATES: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
CONTRACT: Final = """apiVersion: v3.1.0
kind: DataContract
name: {name}
version: 1.0.0
schema:
  - name: {name}
    properties:
      - name: sku
        logicalType: string
        primaryKey: true
      - name: quantity
        logicalType: integer
      - name: counted_at
        logicalType: timestamp
"""
ASKED: Final = (
    "select count(*), sum(line_total) from processed.transactions",
    "select country_code, count(*) from processed.transactions group by 1 order by 2 desc",
    "select order_id, max(line_total) from processed.transactions group by 1 order by 2 desc, 1 limit 10",
    "select date_trunc('hour', ordered_at), count(distinct customer_id) from processed.transactions group by 1",
)


def measure() -> list[dict[str, Any]]:
    """Load a file into each dataset, then ask all queries at once.

    Raises RuntimeError unless every file was loaded, every row is there and every query was answered.
    """
    with TemporaryDirectory() as folder, new_lake(Path(folder) / "checkout") as lake:
        return [*_datasets(lake, Path(folder) / "stock"), *_queries(lake, Path(folder) / "transactions")]


def _datasets(lake: Lake, folder: Path) -> list[dict[str, Any]]:
    names = [f"stock_{number:03d}" for number in range(DATASETS)]
    for name in names:
        (lake.root / "contracts" / f"{name}.odcs.yaml").write_text(CONTRACT.format(name=name))
    os.environ["CARTLAKE_CONTRACTS_DIR"] = str(lake.root / "contracts")
    bring_up(lake)
    files = {name: [_file_of(name, folder)] for name in names}
    with peak_memory(lake) as peak:
        started = time.monotonic()
        processed = wait_until_processed(lake, {name: upload(lake, name, paths) for name, paths in files.items()})
        seconds = time.monotonic() - started
    counts = " union all ".join(f"select count(*) as lines from processed.{name}" for name in names)
    stored = athena_of(lake).run(f"select sum(lines) from ({counts})").scalar()
    if {file.state for file in processed} != {FileState.LOADED} or stored != str(DATASETS * LINES_OF_A_FILE):
        raise RuntimeError(f"{DATASETS} files of {LINES_OF_A_FILE} lines became {stored} rows.")
    return [
        as_measure("load_datasets", DATASETS, "datasets"),
        as_measure("load_datasets_seconds", seconds, "s"),
        as_measure("load_datasets_most_runs_at_once", _most_at_once(lake, names), "runs"),
        as_measure("load_datasets_peak_memory_mb", peak[0], "MB"),
    ]


def _file_of(name: str, folder: Path) -> Path:
    path = folder / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    lines = (f"{name}-{number},{number},2026-09-01T00:00:00Z" for number in range(LINES_OF_A_FILE))
    path.write_text("\n".join(["sku,quantity,counted_at", *lines, ""]))
    return path


def _most_at_once(lake: Lake, names: list[str]) -> int:
    """Return the largest number of runs that worked at the same moment, by their times in the ledger."""
    runs = [run for name in names for run in lake.ledger.runs.list(name)]
    changes = sorted([(run.started_at, 1) for run in runs] + [(run.ended_at or run.started_at, -1) for run in runs])
    return max(_sums(change for _, change in changes))


def _sums(changes: Iterator[int]) -> Iterator[int]:
    total = 0
    for change in changes:
        total += change
        yield total


def _queries(lake: Lake, folder: Path) -> list[dict[str, Any]]:
    generate_transactions(folder, rows=LINES, days=2, seed=7, dirty=0.0)
    load_files(lake, sorted(folder.glob("*.csv")))
    with peak_memory(lake) as peak, ThreadPoolExecutor(CALLERS) as callers:
        started = time.monotonic()
        asked = list(callers.map(lambda number: _ask(lake, ASKED[number % len(ASKED)]), range(QUERIES)))
        latencies = list(callers.map(lambda query_id: _latency(lake, query_id), asked))
        seconds = time.monotonic() - started
    *_, p95 = quantiles(latencies, n=20)
    return [
        as_measure("load_queries", QUERIES, "queries"),
        as_measure("load_queries_seconds", seconds, "s"),
        as_measure("load_queries_p95_seconds", p95, "s", MOST_P95_SECONDS),
        as_measure("load_queries_peak_memory_mb", peak[0], "MB"),
    ]


def _ask(lake: Lake, sql: str) -> str:
    context, workgroup = {"Database": "processed"}, lake.outputs.workgroup
    answer = lake.client("athena").start_query_execution(
        QueryString=sql, QueryExecutionContext=context, WorkGroup=workgroup
    )
    return str(answer["QueryExecutionId"])


def _latency(lake: Lake, query_id: str) -> float:
    """Return the seconds from the submission of a query to its end. Raises RuntimeError if it was not answered."""
    while (status := _status(lake, query_id))["State"] not in FINAL_STATES:
        time.sleep(0.2)
    if status["State"] != "SUCCEEDED":
        raise RuntimeError(f"Query {query_id} is {status['State']}: {status.get('StateChangeReason')}")
    return float((status["CompletionDateTime"] - status["SubmissionDateTime"]).total_seconds())


def _status(lake: Lake, query_id: str) -> dict[str, Any]:
    status: dict[str, Any] = lake.client("athena").get_query_execution(QueryExecutionId=query_id)["QueryExecution"][
        "Status"
    ]
    return status
