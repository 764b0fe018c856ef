"""From the lake's tables to those of the forecast: read, compute, write to audit branches, judge, publish.

All tables are judged by their contracts before any of them is published.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType, _parse_datatype_string

from cartlake.contracts import Table
from cartlake.refresh.graph import WHOLE, build_of
from cartlake.runs.documents import RefreshReport, TableRefresh
from cartlake.runs.ids import audit_branch
from cartlake.tables.snapshots import MAIN
from cartlake.times import stamp, utc_now
from glue_jobs.demand_forecast.demand import Demand, NoSalesError, Offer, Sale, demand_of
from glue_jobs.demand_forecast.rows import TABLES, Results, Row, results_of
from glue_jobs.engines.base import Branch
from glue_jobs.engines.refresh import Measured
from glue_jobs.engines.spark.refreshing import SparkRefreshEngine
from glue_jobs.table_refresh.checking import judge, record_quality
from glue_jobs.table_refresh.run import Run

log = logging.getLogger(__name__)

SALES: Final = "processed.order_lines"
PRODUCTS: Final = "curated.dim_product"
READ: Final = (SALES, PRODUCTS)


@dataclass(frozen=True, slots=True)
class Audited:
    """A table whose rows are on an audit branch, and were judged. `read`: the snapshots they were computed from."""

    table: Table
    branch: Branch
    rows: int
    size: int | None
    measured: list[Measured]


@dataclass(frozen=True, slots=True)
class SparkRun(Run):
    """The inputs of one forecast, whose engine is Spark: only it writes branches of built tables."""

    engine: SparkRefreshEngine


def forecast(run: SparkRun) -> RefreshReport:
    """Build the tables of the plan and publish all of them, or none: where nothing was sold, all are skipped.

    Raises BrokenRuleError naming every broken rule of the first table that breaks any.
    """
    run.engine.forget(run.name(name) for name in READ)
    tables = [run.graph.tables[stale.table] for stale in run.plan.tables]
    try:
        done = _published(run, tables, results_of(read_demand(run, run.started_at.date())))
    except NoSalesError as error:
        log.warning("nothing is forecast: %s", error)
        done = [
            TableRefresh(table=table.physical_name, scope=str(WHOLE), outcome="skipped", error=str(error))
            for table in tables
        ]
    return RefreshReport(
        run_id=run.plan.run_id, tables=done, started_at=stamp(run.started_at), ended_at=stamp(utc_now())
    )


def _published(run: SparkRun, tables: Sequence[Table], results: Results) -> list[TableRefresh]:
    """Write every table to an audit branch, judge all, then publish all; return their outcomes."""
    snapshots = {name: run.engine.main_snapshot(run.name(name)) for name in READ}
    read = {name: str(found.snapshot_id) for name, found in snapshots.items() if found}
    with _branches(run, tables) as branches:
        audited = [
            _audited(run, table, branch, list(TABLES[build_of(table).transform](results)))
            for table, branch in zip(tables, branches, strict=True)
        ]
        for one in audited:
            run.engine.publish(one.branch)
    measured = {one.table.physical_name: one.measured for one in audited}
    record_quality(run.engine, run.quality, run.plan.run_id, measured, run.started_at)
    return [_outcome(run, one, read) for one in audited]


def read_demand(run: SparkRun, today: date) -> Demand:
    """Return what was sold before `today`, and at which list prices. Raises NoSalesError."""
    sold = run.engine.read_table(run.name(SALES)).transform(daily_sales)
    versions = run.engine.read_table(run.name(PRODUCTS)).transform(product_versions)
    return demand_of(map(Sale._make, sold.collect()), map(Offer._make, versions.collect()), today)


def daily_sales(order_lines: DataFrame) -> DataFrame:
    """Return the units and the order lines of each product and day, without those that were cancelled."""
    return (
        order_lines.where("is_sold")
        .groupBy("product_id", "order_date")
        .agg(F.sum("quantity").cast("double"), F.count(F.lit(1)).cast("double"))
    )


def product_versions(dim_product: DataFrame) -> DataFrame:
    """Return the versions of all products that have a price, those of a product in the order of time."""
    days = [F.to_date(name).alias(name) for name in ("valid_from", "valid_to")]
    amounts = [F.col(name).cast("double") for name in ("list_price", "unit_cost")]
    known = dim_product.where("list_price > 0").orderBy("product_id", "valid_from")
    return known.select("product_id", "category", *days, *amounts, "is_active", "is_current")


@contextmanager
def _branches(run: SparkRun, tables: Sequence[Table]) -> Iterator[list[Branch]]:
    """A fresh audit branch of each table, dropped at the end whether its rows were published or not."""
    name = audit_branch(run.plan.run_id)
    try:
        yield [run.engine.fresh_branch(run.name(table.physical_name), name) for table in tables]
    finally:
        for table in tables:
            run.engine.drop_branch(run.name(table.physical_name), name)


def _audited(run: SparkRun, table: Table, branch: Branch, rows: list[Row]) -> Audited:
    """Make the rows all that a branch holds, and judge what the contract measures there. Raises BrokenRuleError."""
    engine = run.engine
    values: dict[str, str | datetime] = {"_updated_at": run.started_at, "_run_id": run.plan.run_id}
    engine.overwrite(
        branch, engine.with_values(engine.spark.createDataFrame(rows, _schema(table), verifySchema=False), values)
    )
    built, measured = engine.measure_rows(engine.read_branch(branch, table), table, run.started_at)
    judge(table, measured)
    return Audited(table, branch, built.rows, engine.added_bytes(branch), measured)


def _schema(table: Table) -> StructType:
    kind = _parse_datatype_string(", ".join(f"{column.name} {column.type}" for column in table.file_columns))
    assert isinstance(kind, StructType)  # noqa: S101 - what columns make
    return kind


def _outcome(run: SparkRun, one: Audited, read: dict[str, str]) -> TableRefresh:
    head = run.engine.head(one.branch.table, MAIN)
    return TableRefresh(
        table=one.table.physical_name,
        scope=str(WHOLE),
        outcome="rebuilt",
        rows=one.rows,
        snapshot_id=None if head is None else str(head),
        read=read,
        size=one.size,
    )
