"""Glue entry point: rebuild every stale table of a plan in one job, each after those it is built from.

Tables that do not depend on each other are built in parallel. A table that fails keeps its rows; those built from it
are skipped, all others are rebuilt, and the job fails with the names.
"""

import argparse
import logging
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake import contracts
from cartlake.aws import s3
from cartlake.errors import TerminalError
from cartlake.refresh.graph import Graph, Scope, StaleTable
from cartlake.runs.documents import RefreshPlan, RefreshReport, TableRefresh
from cartlake.runs.ids import Workflow
from cartlake.times import stamp, utc_now
from glue_jobs.engines.spark import iceberg
from glue_jobs.engines.spark.frames import frame
from glue_jobs.engines.spark.session import open_session
from glue_jobs.shared import reporting
from glue_jobs.shared.arguments import job_parser
from glue_jobs.shared.quality import QUALITY_SCHEMA
from glue_jobs.table_refresh import checking, storing
from glue_jobs.table_refresh.building import Building
from glue_jobs.table_refresh.checking import Measured

log = logging.getLogger(__name__)

_PARALLEL_TABLES: Final = 3
"""Tables built at the same time: enough that the driver plans one while the workers compute another."""


Result: TypeAlias = tuple[TableRefresh, Scope, list[Measured]]
"""The outcome of one table, which of its rows were stale, and what its rules measured."""


class RefreshError(TerminalError):
    """Some tables could not be rebuilt. They keep their rows, and stay stale."""


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs of one refresh."""

    spark: SparkSession
    plan: RefreshPlan
    graph: Graph
    prefix: str
    quality: str
    started_at: datetime

    def name(self, physical_name: str) -> str:
        """Return the name of a table in Spark: catalog.database.table."""
        return f"{self.prefix}{physical_name}"

    def read(self, physical_name: str) -> DataFrame:
        """Return the rows of a table."""
        return self.spark.table(self.name(physical_name))


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Return the job's arguments; those that Glue adds are ignored."""
    parser = job_parser("table_refresh")
    parser.add_argument("--plan_uri", required=True, help="s3:// URI of the tables to rebuild")
    parser.add_argument("--quality_table", default="ops.quality_results")
    args, _of_glue = parser.parse_known_args(argv)
    return args


def main(argv: Sequence[str]) -> None:
    """Rebuild the tables of the plan, and report it.

    Raises RefreshError when a table failed, TerminalError for the plan of another run.
    """
    reporting.log_to_stdout()
    args = parse_args(argv)
    plan = s3.read_model(args.plan_uri, RefreshPlan)
    if plan.run_id != args.run_id:
        raise TerminalError(f"{args.plan_uri} is of run {plan.run_id}, not of {args.run_id}.")
    report = refresh(_open_run(args, plan))
    if faults := [f"{table.table}: {table.error}" for table in report.tables if table.outcome == "failed"]:
        s3.write_text(args.report_uri, report.model_dump_json(indent=2))
        raise RefreshError(f"{len(faults)} of {len(report.tables)} tables failed. {' '.join(faults)}")
    reporting.report_success(report, args.report_uri, args.task_token, {"tables": len(report.tables)})


def _open_run(args: argparse.Namespace, plan: RefreshPlan) -> Run:
    return Run(
        spark=open_session("table_refresh", plan.run_id),
        plan=plan,
        graph=Graph.of(contracts.load_all()),
        prefix=f"{args.catalog}.{args.database_prefix}",
        quality=f"{args.catalog}.{args.quality_table}",
        started_at=utc_now(),
    )


def refresh(run: Run) -> RefreshReport:
    """Rebuild, or with the plan's `check` only compare, the tables of the plan, and return the outcome of each.

    Never raises for a single table.
    """
    _drop_cached_metadata(run)
    done: dict[str, TableRefresh] = {}
    changes = dict(run.plan.changes)
    measured: dict[str, list[Measured]] = {}
    waiting = {table.table: table for table in run.plan.tables}
    with ThreadPoolExecutor(_PARALLEL_TABLES) as pool:
        working: dict[Future[Result], str] = {}
        while waiting or working:
            for stale in _ready(waiting, done):
                del waiting[stale.table]
                working[pool.submit(_attempt, run, stale, done, dict(changes))] = stale.table
            finished, _ = wait(working, return_when=FIRST_COMPLETED)
            for future in finished:
                name = working.pop(future)
                done[name], scope, measured[name] = future.result()
                if done[name].outcome == "rebuilt":
                    changes[name] = scope
    if not run.plan.check:
        _record_quality(run, measured)
    return RefreshReport(
        run_id=run.plan.run_id,
        tables=[done[table.table] for table in run.plan.tables],
        started_at=stamp(run.started_at),
        ended_at=stamp(utc_now()),
    )


def _ready(waiting: dict[str, StaleTable], done: dict[str, TableRefresh]) -> list[StaleTable]:
    """Return those whose upstreams are done; an upstream that failed is done too."""
    return [stale for stale in waiting.values() if all(upstream in done for upstream in stale.after)]


def _attempt(run: Run, stale: StaleTable, done: dict[str, TableRefresh], changes: dict[str, Scope]) -> Result:
    """Rebuild one table as far as its upstreams changed. Never raises: an error is part of the result."""
    started = time.monotonic()
    scope = stale.scope if run.plan.check else run.graph.scope_of(stale.table, changes)
    about = {"table": stale.table, "scope": str(scope)}
    if failed := [name for name in stale.after if done[name].outcome in ("failed", "skipped")]:
        error = f"{', '.join(failed)}, from which it is built, failed or was skipped"
        return TableRefresh(**about, outcome="skipped", error=error), scope, []
    if not scope:
        return TableRefresh(**about, outcome="unchanged"), scope, []
    building = _building(run, stale.table, scope)
    try:
        result, measured = _check(run, building) if run.plan.check else _rebuild(run, building)
    except Exception as error:  # whatever it is, the other tables are rebuilt
        log.exception("%s could not be rebuilt", stale.table)
        result, measured = TableRefresh(**about, outcome="failed", error=f"{type(error).__name__}: {error}"[:2000]), []
    seconds = round(time.monotonic() - started, 3)
    log.info("%s: %s (%s), %d rows in %.1f s", stale.table, result.outcome, scope, result.rows, seconds)
    return result.model_copy(update={"seconds": seconds}), scope, measured


def _rebuild(run: Run, building: Building) -> tuple[TableRefresh, list[Measured]]:
    """Build, judge and replace the stale rows; change nothing when the table has the same rows already."""
    table, name = building.table, run.name(building.table.physical_name)
    if building.keys is not None:
        building.keys.persist()
    rows = building.rows().select(
        "*",
        F.lit(stamp(run.started_at)).cast("timestamp").alias("_updated_at"),
        F.lit(run.plan.run_id).alias("_run_id"),
    )
    held = rows.select(*(column.name for column in table.columns)).persist()
    about = {"table": table.physical_name, "scope": str(building.scope)}
    try:
        built, measured = checking.measure(held, table, run.started_at)
        checking.judge(table, measured)
        stored = building.in_scope(run.read(table.physical_name))
        if iceberg.head(run.spark, name, "main") is not None and checking.fingerprint(stored, table) == built:
            return TableRefresh(**about, outcome="unchanged", rows=built.rows), measured
        snapshot = storing.replace(run.spark, name, building, held)
    finally:
        held.unpersist()
        if building.keys is not None:
            building.keys.unpersist()
    return TableRefresh(**about, outcome="rebuilt", rows=built.rows, snapshot_id=snapshot), measured


def _check(run: Run, building: Building) -> tuple[TableRefresh, list[Measured]]:
    name = building.table.physical_name
    held = building.rows().persist()
    try:
        found = checking.differences(run.read(name), held, building.table)
        result = TableRefresh(
            table=name, scope=str(building.scope), outcome="checked", rows=held.count(), differences=found
        )
    finally:
        held.unpersist()
    return result, []


def _building(run: Run, name: str, scope: Scope) -> Building:
    spine = run.spark.range(1).select(F.lit(1).alias("one"))
    return Building(run.graph, run.graph.table(name), scope, run.read, spine)


def _drop_cached_metadata(run: Run) -> None:
    """Read the tables' metadata anew: other processes commit to them, and Spark caches what it has read of one."""
    for name in _mentioned(run.graph, run.plan.tables):
        run.spark.catalog.refreshTable(run.name(name))


def _mentioned(graph: Graph, tables: Iterable[StaleTable]) -> list[str]:
    built = [graph.table(stale.table) for stale in tables]
    read = [upstream.table for table in built if table.build for upstream in table.build.upstreams]
    return list(dict.fromkeys([*read, *(table.physical_name for table in built)]))


def _record_quality(run: Run, measured: dict[str, list[Measured]]) -> None:
    values = [
        (run.plan.run_id, Workflow.REFRESH.value, name, one.rule, one.severity, one.value, run.started_at)
        for name, found in sorted(measured.items())
        for one in found
    ]
    rows = frame(run.spark, values, QUALITY_SCHEMA)
    iceberg.replace_rows(run.spark, run.quality, f"run_id = '{run.plan.run_id}'", rows)


if __name__ == "__main__":
    main(sys.argv[1:])
