"""A merge into 10 million rows beside one into 1 million, and the search for its keys in all of them, on both engines.

Ten thousand newer versions of lines of the last three days are merged into a table of 30 days. `merge_10m_over_1m` is
the merge alone, as where a contract says that event times never change. Every merge starts from a fresh branch, and
tables of both sizes take turns. Spark reads and writes a folder; DuckDB reads and writes S3 in an embedded AWS.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from benchmarks.etl import DAYS, LAST_DAY, REPEATS, TABLE, session
from benchmarks.world import of_runs
from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.tables.catalog import load_catalog
from cartlake_cli.commands.local import emulator
from cartlake_cli.context import local_variables
from cartlake_cli.migrations.migrate import apply
from cartlake_cli.migrations.placement import Placement
from glue_jobs.engines.base import Branch
from glue_jobs.engines.duckdb.engine import DuckDBEngine, duckdb_engine
from glue_jobs.engines.spark import writing
from glue_jobs.engines.spark.iceberg import fresh_branch
from glue_jobs.transforms.scopes import of_days_sql

LARGE = int(os.environ.get("CARTLAKE_BENCH_MERGE_ROWS", "10000000"))
SIZES = (LARGE // 10, LARGE)
CHANGED_ROWS = 10_000
MEMORY_MB = 1024
MOST_GROWTH = 1.3
MOST_SEARCH_SECONDS = 2.0
CHANGED_DAYS = [LAST_DAY - timedelta(days=days_ago) for days_ago in range(3)]

SCATTERED = "n * 2654435761 % 1099511627776"
"""A number of its own for each n below 2**40, as if drawn at random: no file's bounds leave out any key."""

Seconds = tuple[float, float]
"""Seconds of the search for keys, and of the merge."""


def measure() -> list[dict[str, Any]]:
    """The growth of a merge, and seconds of the search for keys in the large table; of each engine."""
    home = Path(tempfile.mkdtemp())
    try:
        with _on_spark(home) as merge:
            spark = _measured(merge, "")
        with _on_duckdb(home) as merge:
            return [*spark, *_measured(merge, "_light")]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measured(merge: Callable[[int], Seconds], suffix: str) -> list[dict[str, Any]]:
    taken: dict[int, list[Seconds]] = {rows: [] for rows in SIZES}
    for _ in range(REPEATS + 1):
        for rows, runs in taken.items():
            runs.append(merge(rows))
    small, large = (taken[rows][1:] for rows in SIZES)  # the first compiles
    growth = [ten[1] / one[1] for one, ten in zip(small, large, strict=True)]
    return [
        of_runs(f"merge_10m_over_1m{suffix}", growth, "x", MOST_GROWTH),
        of_runs(f"merge_into_10m_seconds{suffix}", [run[1] for run in large], "s"),
        of_runs(f"key_search_in_10m_seconds{suffix}", [run[0] for run in large], "s", MOST_SEARCH_SECONDS),
    ]


@contextmanager
def _on_spark(home: Path) -> Iterator[Callable[[int], Seconds]]:
    with session(home) as spark:
        spark.sql("create namespace if not exists glue_catalog.processed")
        for rows in SIZES:
            name = f"processed.lines_{rows}"
            spark.sql(contracts.iceberg_ddl(TABLE, physical_name=name))
            order_lines(spark, "id", rows).writeTo(f"glue_catalog.{name}").append()
        yield lambda rows: _merge_on_spark(spark, rows)


def _merge_on_spark(spark: SparkSession, rows: int) -> Seconds:
    step = max(1, rows // DAYS * 3 // CHANGED_ROWS)
    changes = order_lines(spark, f"{rows} - 1 - id * {step}", CHANGED_ROWS, of=rows, updated="interval '1' day")
    changes = changes.where(of_days_sql(TABLE, CHANGED_DAYS)).cache()
    count = changes.count()
    branch = fresh_branch(spark, f"glue_catalog.processed.lines_{rows}", "measured")
    begun = time.monotonic()
    moved = writing.moved_keys(spark, changes, count, branch, TABLE).localCheckpoint()
    _check_unmoved(moved.count())
    searched = time.monotonic()
    writing.merge(spark, changes, count, branch, TABLE, CHANGED_DAYS)
    merged = time.monotonic()
    changes.unpersist()
    return searched - begun, merged - searched


def order_lines(
    spark: SparkSession, number: str, count: int, *, of: int | None = None, updated: str = "interval '0' day"
) -> Any:
    """Lines numbered by the SQL expression `number`; the numbers up to `of` spread evenly over the days."""
    first = LAST_DAY - timedelta(days=DAYS - 1)
    values = {
        "order_id": f"format_string('ORD-%010X', {SCATTERED})",
        "line_number": "1",
        "customer_id": "format_string('CUS-%07d', n % 100000)",
        "product_id": "format_string('PRD-%05d', n % 5000)",
        "quantity": "cast(n % 9 + 1 as int)",
        "ordered_at": f"timestamp '{first}' + make_interval(0, 0, 0, cast(n * {DAYS} div {of or count} as int))",
        "updated_at": f"timestamp '{LAST_DAY}' + {updated}",
        "_ingested_at": "current_timestamp()",
    }
    plain = {"string": "'same'", "int": "1"}
    columns = [f"cast({values.get(c.name, plain.get(c.type, '1.00'))} as {c.type}) as {c.name}" for c in TABLE.columns]
    return spark.range(count).selectExpr(f"cast({number} as bigint) as n").selectExpr(*columns)


@contextmanager
def _on_duckdb(home: Path) -> Iterator[Callable[[int], Seconds]]:
    emulator.start(home)
    try:
        os.environ.update(local_variables(home))
        client.cache_clear()
        client("s3").create_bucket(Bucket="tables")
        for rows in SIZES:
            database = f"lines_{rows}"
            load_catalog().create_namespace(database, {"location": f"s3://tables/{database}"})
            apply(load_catalog(), [contracts.load(TABLE.name)], Placement({TABLE.database: database}, {}))
            _fill(rows)
        yield _merge_on_duckdb
    finally:
        emulator.stop(home)
        client.cache_clear()


def _fill(rows: int) -> None:
    """Append the lines day by day, so that the memory of one day is enough."""
    with duckdb_engine("fill") as engine:
        for day in range(DAYS):
            numbers = f"range({rows * day // DAYS}, {rows * (day + 1) // DAYS})"
            engine.append(f"({_lines_sql(numbers, rows, 'range')})", Branch(_name(rows), "main", None), clustered=True)


def _merge_on_duckdb(rows: int) -> Seconds:
    step = max(1, rows // DAYS * 3 // CHANGED_ROWS)
    numbers = f"(select {rows} - 1 - range * {step} as n from range({CHANGED_ROWS}))"
    with duckdb_engine("measured", MEMORY_MB) as engine:
        changes = engine.freeze(f"({_lines_sql(numbers, rows, 'n', versions_later=1)})")
        changes = engine.where(changes, of_days_sql(TABLE, CHANGED_DAYS))
        return _timed(engine, changes, engine.fresh_branch(_name(rows), "measured"))


def _timed(engine: DuckDBEngine, changes: str, branch: Branch) -> Seconds:
    begun = time.monotonic()
    _check_unmoved(engine.count(engine.moved_keys(changes, CHANGED_ROWS, branch, TABLE)))
    searched = time.monotonic()
    engine.merge(changes, CHANGED_ROWS, branch, TABLE, CHANGED_DAYS)
    return searched - begun, time.monotonic() - searched


def _check_unmoved(moved: int) -> None:
    if moved:
        raise AssertionError(f"{moved} rows moved, though no event time changed; the search for keys is wrong.")


def _name(rows: int) -> str:
    return f"lake.lines_{rows}.{TABLE.bare_name}"


def _lines_sql(numbers: str, rows: int, number: str, versions_later: int = 0) -> str:
    """The lines that `benchmarks.etl.order_lines` makes, as DuckDB's SQL."""
    first = LAST_DAY - timedelta(days=DAYS - 1)
    values = {
        "order_id": f"format('ORD-{{:010X}}', {SCATTERED})",
        "customer_id": "format('CUS-{:07d}', n % 100000)",
        "product_id": "format('PRD-{:05d}', n % 5000)",
        "quantity": "n % 9 + 1",
        "ordered_at": f"timestamptz '{first} 00:00:00Z' + to_days((n * {DAYS} // {rows})::integer)",
        "updated_at": f"timestamptz '{LAST_DAY} 00:00:00Z' + to_days({versions_later})",
        "_ingested_at": "now()",
    }
    plain = {"string": "'same'", "int": "1"}
    kinds = {"string": "varchar", "timestamp": "timestamptz"}
    columns = [
        f"({values.get(c.name, plain.get(c.type, '1.00'))})::{kinds.get(c.type, c.type)} as {c.name}"
        for c in TABLE.columns
    ]
    return f"select {', '.join(columns)} from (select {number}::bigint as n from {numbers})"
