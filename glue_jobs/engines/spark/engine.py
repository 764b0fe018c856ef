"""The calls of `glue_jobs.engines.base.Engine` on Spark."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Contract, Table
from cartlake.runs.documents import ManifestFile, Measurement
from cartlake.tables.snapshots import MAIN
from cartlake.times import stamp
from glue_jobs.engines.base import BatchCounts, Branch
from glue_jobs.engines.spark import faults, frames, iceberg, measuring, reading, writing
from glue_jobs.engines.spark.session import open_session
from glue_jobs.transforms.scopes import in_days_sql

_BYTES_PER_SHUFFLE_PARTITION: Final = 16 * 1024**2


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """A Spark session, used for one run."""

    spark: SparkSession
    kept: list[DataFrame] = field(default_factory=list)

    def read_files(self, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
        return reading.read_files(self.spark, files, contract)

    def is_fault_of_files(self, error: Exception) -> bool:
        return faults.is_fault_of_files(error)

    def read_table(self, table: str, where: str | None = None) -> DataFrame:
        self.spark.catalog.refreshTable(table)  # others commit too, and Spark caches what it has read of a table
        return self.spark.table(table).where(where or "true")

    def read_branch(self, branch: Branch, table: Table, days: Collection[date] | None = None) -> DataFrame:
        rows = self.spark.table(iceberg.identifier(branch))
        return rows if days is None else rows.where(in_days_sql(table, days))

    def read_version(self, table: str, snapshot_id: int) -> DataFrame | None:
        known = self.spark.table(f"{table}.snapshots").where(F.col("snapshot_id") == snapshot_id)
        if known.isEmpty():
            return None
        return self.spark.read.option("snapshot-id", snapshot_id).table(table)

    def apply(self, transform: Callable[..., DataFrame], *inputs: DataFrame, **constants: object) -> DataFrame:
        return transform(*inputs, **constants)

    def where(self, rows: DataFrame, condition: str) -> DataFrame:
        return rows.where(condition)

    def with_values(self, rows: DataFrame, values: Mapping[str, str | datetime]) -> DataFrame:
        return rows.withColumns({name: _literal(value) for name, value in values.items()})

    def collect(self, rows: DataFrame) -> list[dict[str, Any]]:
        return [row.asDict() for row in rows.collect()]

    def count(self, rows: DataFrame) -> int:
        return rows.count()

    def frame(self, rows: Sequence[tuple[object, ...]], schema: str) -> DataFrame:
        return frames.frame(self.spark, rows, schema)

    def keep(self, rows: DataFrame) -> DataFrame:
        # On local disks: they are parsed once and read several times, and need not fit into memory.
        self.kept.append(rows.persist(StorageLevel.DISK_ONLY))
        return self.kept[-1]

    def freeze(self, rows: DataFrame) -> DataFrame:
        # Spark computes what is persisted anew when a table that it was made of changes. The rows are on the workers,
        # which auto-scaling keeps while they hold some; a run that lost one is started again, as after any lost worker.
        return rows.localCheckpoint()

    def release(self) -> None:
        while self.kept:
            self.kept.pop().unpersist()

    def count_batch(self, judged: DataFrame, table: Table) -> BatchCounts:
        deletes = (F.col("_broken") == "") & (F.col("_deletes") if table.deleted_when else F.lit(False))  # noqa: FBT003
        counted = (
            judged.groupBy(
                F.spark_partition_id().alias("task"),
                "_source_file",
                deletes.alias("deletes"),
                F.when((F.col("_broken") == "") & ~deletes, F.to_date(str(table.event_time))).alias("day"),
            )
            .agg(F.count(F.lit(1)).alias("rows"))
            .collect()
        )
        by_file: Counter[str] = Counter()
        by_day: Counter[date] = Counter()
        for row in counted:
            by_file[row["_source_file"]] += row["rows"]
            if row["day"] is not None:
                by_day[row["day"]] += row["rows"]
        places = {(row["task"], row["day"]) for row in counted if row["day"] is not None}
        # With files of one day each, every day is in the few tasks that read its file.
        clustered = len(places) <= 3 * len(by_day)
        deleting = sum(row["rows"] for row in counted if row["deletes"])
        refused = by_file.total() - by_day.total() - deleting
        return BatchCounts(by_file, refused, by_day, clustered=clustered, deletes=deleting)

    def fresh_branch(self, table: str, name: str, start: str = MAIN) -> Branch:
        return iceberg.fresh_branch(self.spark, table, name, start)

    def overwrite(self, branch: Branch, rows: DataFrame) -> None:
        """Make `rows` all that a branch holds, in one commit."""
        iceberg.overwrite(self.spark, branch, rows)

    def publish(self, branch: Branch) -> None:
        """Fast-forward main to the head of a branch."""
        iceberg.publish(self.spark, branch)

    def drop_branch(self, table: str, name: str) -> None:
        iceberg.drop_branch(self.spark, table, name)

    def stored_days(self, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
        return writing.stored_days(self.spark, branch, table, days)

    def moved_keys(self, rows: DataFrame, count: int, branch: Branch, table: Table) -> DataFrame:
        return self.freeze(writing.moved_keys(self.spark, rows, count, branch, table))

    def append(self, rows: DataFrame, branch: Branch, *, clustered: bool) -> None:
        writing.append(self.spark, rows, branch, clustered=clustered)

    def merge(self, rows: DataFrame, count: int, branch: Branch, table: Table, days: Collection[date]) -> None:
        writing.merge(self.spark, rows, count, branch, table, days)

    def replace(self, changed: DataFrame, gone: DataFrame, branch: Branch, table: Table) -> None:
        writing.replace(self.spark, changed, gone, branch, table)

    def replace_rows(self, table: str, where: str, rows: DataFrame | None) -> None:
        iceberg.replace_rows(self.spark, table, where, rows)

    def measure(self, branch: Branch, table: Table, days: Collection[date], now: datetime) -> list[Measurement]:
        return measuring.measure(self.spark, branch, table, days, now)

    def supersede_quarantine(self, table: str, dataset: str, run_id: str, file_ids: Sequence[str]) -> None:
        writing.supersede_quarantine(self.spark, table, dataset, run_id, file_ids)

    def tidy(self, branch: Branch, table: Table, days: Collection[date]) -> None:
        """Leave it to the job that maintains tables."""

    def added_bytes(self, branch: Branch) -> int | None:
        return iceberg.added_bytes(self.spark, branch)

    def head(self, table: str, reference: str) -> int | None:
        return iceberg.head(self.spark, table, reference)


@contextmanager
def spark_engine(job: str, run_id: str, size: int) -> Iterator[SparkEngine]:
    """The engine of this process, set up for a batch of `size` bytes; at the end it frees what it kept."""
    spark = open_session(job, run_id)
    for name, value in _settings(spark, size).items():
        spark.conf.set(name, value)
    engine = SparkEngine(spark)
    try:
        yield engine
    finally:
        engine.release()


def _literal(value: str | datetime) -> Column:
    return F.lit(value) if isinstance(value, str) else F.lit(stamp(value)).cast("timestamp")


def _settings(spark: SparkSession, size: int) -> dict[str, str]:
    partitions = max(spark.sparkContext.defaultParallelism, size // _BYTES_PER_SHUFFLE_PARTITION)
    return {
        "spark.sql.shuffle.partitions": str(partitions),
        # All rules in one generated method are more bytecode than the JVM compiles (8,000 bytes): it would interpret
        # them, at half the speed. Over this limit Spark generates many small methods instead.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        # The judged rows are kept for minutes, on disk: compressing them takes longer than it saves.
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
    }
