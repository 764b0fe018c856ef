"""The named queries through Athena's API beside DuckDB on the same Parquet files, and how long a trivial query takes.

Both sides run the same compiled SQL and read over the same S3. The ratio shows the time of API, catalog, Iceberg
metadata and results.
"""

import os
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from benchmarks.world import LAST_DAY, ORDERS_PER_DAY, SEED, as_measure, load_files, new_lake
from cartlake import contracts
from cartlake.queries.named_queries import NamedQuery
from cartlake.tables.catalog import load_catalog
from cartlake_cli.athena import views
from cartlake_cli.athena.client import athena_of
from cartlake_cli.context import Lake
from generators.world import generate_world
from localaws.athena import duck
from localaws.athena.clients import Clients, Endpoint
from localaws.athena.hive_types import from_hive
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.parser import parsing
from localaws.athena.sql.tables import Source, View
from localaws.athena.trino_types import TrinoType

DAYS = int(os.environ.get("CARTLAKE_BENCH_ATHENA_DAYS", "90"))
REPEATS = int(os.environ.get("CARTLAKE_BENCH_REPEATS", "5"))
MOST_OVER_PARQUET = 1.2
MOST_TRIVIAL_MS = 50
TRIVIAL_QUERIES = 50
POLL_SECONDS = 0.005
OF_THE_LAKE = frozenset({"data_freshness", "cost_by_query"})
"""These read Iceberg's metadata and JSON, so there are no Parquet files to compare with."""


class ParquetFiles:
    """Tables as the Parquet files they are made of now; no catalog, no Iceberg."""

    def __init__(self, lake: Lake) -> None:
        self._catalog = load_catalog()
        self._tables = {t.physical_name: t for contract in contracts.load_all() for t in contract.tables}
        written = views.read_views(lake.root / "athena_queries" / "views")
        self._views = {f"{view.database}.{view.name}": view for view in written}
        self._files: dict[str, list[str]] = {}

    def find(self, database: str, table: str, _version: object) -> Source | View | None:
        name = f"{database}.{table}"
        if name in self._views:
            return View(self._views[name].sql.partition(" as\n")[2], database)
        if name not in self._files:
            tasks = self._catalog.load_table((database, table)).scan().plan_files()
            self._files[name] = [task.file.file_path for task in tasks]
        columns = tuple((column.name, _type(column.type)) for column in self._tables[name].columns)
        listed = ", ".join(f"'{file}'" for file in self._files[name])
        return Source(f"read_parquet([{listed}])", columns)


def _type(text: str) -> TrinoType:
    return TrinoType("timestamp with time zone", 6) if text == "timestamp" else from_hive(text)


def measure() -> list[dict[str, Any]]:
    """Median seconds of each named query on both sides, in turn; the ratio of their totals; p50 of SELECT 1."""
    with TemporaryDirectory() as folder, new_lake(Path(folder) / "checkout") as lake:
        world = Path(folder) / "world"
        generate_world(world, days=DAYS, orders_per_day=ORDERS_PER_DAY, seed=SEED, end_date=LAST_DAY)
        load_files(lake, sorted(path for path in world.glob("*/*") if path.is_file()))
        ours, theirs = _compared(lake)
        trivial = [_milliseconds(lake, "select 1") for _ in range(TRIVIAL_QUERIES)]
    total, bare = sum(ours.values()), sum(theirs.values())
    return [
        *(as_measure(f"athena_seconds_{name}", seconds, "s") for name, seconds in sorted(ours.items())),
        as_measure("athena_queries_seconds", total, "s"),
        as_measure("athena_duckdb_parquet_seconds", bare, "s"),
        as_measure("athena_over_duckdb_parquet", total / bare, "x", MOST_OVER_PARQUET),
        as_measure("athena_select1_ms_p50", median(trivial), "ms", MOST_TRIVIAL_MS),
    ]


def _compared(lake: Lake) -> tuple[dict[str, float], dict[str, float]]:
    environment = lake.local_variables()
    here = Endpoint(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"])
    connection, files = Clients(here).duckdb, ParquetFiles(lake)
    ours: dict[str, float] = {}
    theirs: dict[str, float] = {}
    for name, sql in athena_of(lake).named_queries().items():
        query = NamedQuery.read(name, sql)
        if name in OF_THE_LAKE:
            continue
        literals = query.literals({}, LAST_DAY)
        pairs = [
            (_milliseconds(lake, sql, literals) / 1000, _bare(connection, files, query, literals))
            for _ in range(REPEATS + 1)
        ][1:]  # the first finds empty caches
        ours[name], theirs[name] = (median(side) for side in zip(*pairs, strict=True))
    return ours, theirs


def _milliseconds(lake: Lake, sql: str, literals: list[str] | None = None) -> float:
    """Return the milliseconds from StartQueryExecution until a client that polls sees that the query has ended."""
    client, workgroup = lake.client("athena"), lake.outputs.workgroup
    started = time.perf_counter()
    bound: dict[str, Any] = {"ExecutionParameters": literals} if literals else {}
    query_id = client.start_query_execution(QueryString=sql, WorkGroup=workgroup, **bound)["QueryExecutionId"]
    while True:
        status = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return (time.perf_counter() - started) * 1000
        if status["State"] in {"FAILED", "CANCELLED"}:
            raise RuntimeError(f"{sql[:60]}: {status.get('StateChangeReason')}")
        time.sleep(POLL_SECONDS)  # asking without a pause would keep the server from answering


def _bare(connection: duckdb.DuckDBPyConnection, files: ParquetFiles, query: NamedQuery, literals: list[str]) -> float:
    tree = parsing.bind(parsing.parse(query.sql), literals)
    compiled = Compiler(files, query.sql).query(tree).sql
    session = duck.session(connection)
    started = time.perf_counter()
    session.execute(compiled).fetchall()
    return time.perf_counter() - started
