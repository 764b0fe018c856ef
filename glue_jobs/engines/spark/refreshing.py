"""The calls of `glue_jobs.engines.refresh.RefreshEngine` on Spark."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from cartlake.contracts import Table, measurements
from cartlake.refresh.day_ranges import ALWAYS, DayRange
from cartlake.tables.snapshots import MAIN
from glue_jobs.engines.refresh import Fingerprint, MainSnapshot, Measured
from glue_jobs.engines.spark import iceberg, replacing
from glue_jobs.engines.spark.engine import SparkEngine
from glue_jobs.engines.spark.session import open_session
from glue_jobs.shared.quality import broken_counts
from glue_jobs.transforms.scopes import in_ranges_sql

_PARALLEL_TABLES: Final = 3
"""Tables built at the same time: enough that the driver plans one while the workers compute another."""


@dataclass(frozen=True, slots=True)
class SparkRefreshEngine(SparkEngine):
    """A Spark session, used for one refresh."""

    @property
    def parallel_tables(self) -> int:
        return _PARALLEL_TABLES

    @property
    def limit_errors(self) -> tuple[type[Exception], ...]:
        return ()

    def limits(self) -> AbstractContextManager[None]:
        return nullcontext()

    def forget(self, tables: Iterable[str]) -> None:
        for table in tables:
            self.spark.catalog.refreshTable(table)

    def read_days(self, name: str, table: Table, days: Sequence[DayRange]) -> DataFrame:
        rows = self.spark.table(name)
        return rows if ALWAYS in days else rows.where(in_ranges_sql(table, days))

    def main_snapshot(self, name: str) -> MainSnapshot | None:
        return iceberg.main_snapshot(self.spark, name)

    def head_run(self, name: str) -> str | None:
        return iceberg.run_of(self.spark, name, self.head(name, MAIN))

    @contextmanager
    def held(self, rows: DataFrame) -> Iterator[DataFrame]:
        held = rows.persist()
        try:
            yield held
        finally:
            held.unpersist()

    def fingerprint(self, rows: DataFrame, table: Table) -> Fingerprint:
        return _fingerprint_of(rows.agg(*_fingerprint_columns(table)).collect()[0])

    def measure_rows(self, rows: DataFrame, table: Table, now: datetime) -> tuple[Fingerprint, list[Measured]]:
        counts = rows.agg(*_fingerprint_columns(table), *broken_counts(table)).collect()[0]
        found = [Measured(rule.name, rule.severity, float(counts[rule.name])) for rule in table.row_rules]
        taken = _fingerprint_of(counts)
        if not taken.rows:
            return taken, found
        view = f"cartlake_checked_{table.bare_name}"
        rows.createOrReplaceTempView(view)
        values: dict[str, float | None] = {}
        for measurement in measurements(table.table_rules, view, now=now):
            values |= self.spark.sql(measurement.sql).collect()[0].asDict()
        self.spark.catalog.dropTempView(view)
        return taken, [*found, *(Measured(r.name, r.severity, values[r.name]) for r in table.table_rules)]

    def replace_days(self, name: str, table: Table, days: Sequence[DayRange], rows: DataFrame) -> None:
        replacing.replace_days(self.spark, name, table, tuple(days), rows)

    def replace_keys(self, name: str, table: Table, keys: DataFrame, rows: DataFrame) -> None:
        replacing.replace_keys(self.spark, name, table, keys, rows)


def spark_refresh_engine(run_id: str) -> SparkRefreshEngine:
    """Return the engine of this process."""
    return SparkRefreshEngine(open_session("table_refresh", run_id))


def _fingerprint_of(taken: Row) -> Fingerprint:
    return Fingerprint(int(taken["_rows"]), int(taken["_hashes"] or 0))


def _fingerprint_columns(table: Table) -> list[Column]:
    hashed = F.xxhash64(*(column.name for column in table.file_columns)).cast("decimal(38,0)")
    return [F.count(F.lit(1)).alias("_rows"), F.sum(hashed).alias("_hashes")]
