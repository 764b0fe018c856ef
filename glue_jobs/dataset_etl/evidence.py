"""What a run really did, counted where it shows: in the rows read, on the branch, in the quarantine table.

No count is derived from the others, so that read = published + quarantined + duplicate can fail.
"""

# ruff: noqa: S608 - table names and conditions are written here, from contracts and run ids

import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Table, measurements
from cartlake.runs.documents import Measurement
from glue_jobs.dataset_etl.merging import newer, on_days, same_key
from glue_jobs.dataset_etl.transforms import order_of_versions
from glue_jobs.shared.iceberg import Branch

_AUDITED: Final = "cartlake_audited_rows"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows read lie: by file, by day, and in how many places each day is."""

    rows_by_file: Counter[str]
    refused: int
    accepted_by_day: Counter[date]
    places: int

    @property
    def days(self) -> frozenset[date]:
        return frozenset(self.accepted_by_day)

    @property
    def clustered(self) -> bool:
        """Whether tasks hold few days each, as with daily files, and so can write them without many small files."""
        return self.places <= 3 * len(self.days)


def layout(judged: DataFrame, event_time: str) -> Layout:
    """Count the judged rows, in one pass."""
    counted = (
        judged.groupBy(
            F.spark_partition_id().alias("task"),
            "_source_file",
            F.when(F.col("_broken") == "", F.to_date(event_time)).alias("day"),
        )
        .count()
        .collect()
    )
    by_file: Counter[str] = Counter()
    by_day: Counter[date] = Counter()
    refused = 0
    for row in counted:
        by_file[row._source_file] += row["count"]  # noqa: SLF001 - a column
        if row.day is None:
            refused += row["count"]
        else:
            by_day[row.day] += row["count"]
    places = {(row.task, row.day) for row in counted if row.day is not None}
    return Layout(by_file, refused, by_day, len(places))


def published_rows(
    spark: SparkSession, branch: Branch, table: Table, run_id: str, days: Collection[date]
) -> Counter[date]:
    """Rows on the branch that carry this run's id, by day."""
    counted = spark.sql(
        f"select to_date({table.event_time}) as day, count(*) as published from {branch.identifier} "
        f"where {on_days(table, days)} and _run_id = '{run_id}' group by 1"
    ).collect()
    return Counter({row.day: row.published for row in counted})


def stale_rows(branch: Branch, table: Table, kept: DataFrame, run_id: str, days: Collection[date]) -> int:
    """Rows of the batch that lost to a stored row: of the same key, not older, and of another run."""
    kept.select(*table.primary_key, *order_of_versions(table)).createOrReplaceTempView("cartlake_kept")
    return _number(
        kept.sparkSession,
        f"select count(*) from {branch.identifier} as t inner join cartlake_kept as s on {same_key(table)} "
        f"where {on_days(table, days, 't.')} and t._run_id <> '{run_id}' and not {newer(table)}",
    )


def known_rows(branch: Branch, table: Table, kept: DataFrame, run_id: str) -> int:
    """Rows of a backfill whose key the branch holds by another run: the same as before, or less than another file's."""
    kept.select(*table.primary_key).createOrReplaceTempView("cartlake_kept")
    return _number(
        kept.sparkSession,
        f"select count(*) from {branch.identifier} as t inner join cartlake_kept as s on {same_key(table)} "
        f"where t._run_id <> '{run_id}'",
    )


def quarantined_rows(spark: SparkSession, quarantine_table: str, run_id: str, dataset: str) -> int:
    """Rows of this run that stand in the quarantine table."""
    return _number(
        spark, f"select count(*) from {quarantine_table} where dataset = '{dataset}' and run_id = '{run_id}'"
    )


def measure(
    spark: SparkSession, branch: Branch, table: Table, days: Collection[date], now: datetime
) -> list[Measurement]:
    """Measure every table rule on the branch, over the days of the batch. Others judge the numbers."""
    found: dict[str, float | None] = {}
    with _audited(spark, branch, table, days):
        for measurement in measurements(table.table_rules, _AUDITED, now=now):
            found |= spark.sql(measurement.sql).collect()[0].asDict()
    return [Measurement(rule=rule.name, value=found[rule.name]) for rule in table.table_rules]


@contextmanager
def _audited(spark: SparkSession, branch: Branch, table: Table, days: Collection[date]) -> Iterator[None]:
    """A view of the rows in scope: read once, with the columns rules name, and the rows of a key side by side.

    Rules that group by the key then need no shuffle of their own.
    """
    mentioned = " ".join(" ".join((*rule.columns, rule.failing, rule.query)) for rule in table.table_rules)
    words = set(re.findall(r"\w+", mentioned)) | set(table.primary_key)
    columns = [column.name for column in table.columns if column.name in words]
    rows = spark.table(branch.identifier).where(on_days(table, days)).select(*columns)
    held = rows.repartition(table.primary_key[0]).persist(StorageLevel.DISK_ONLY)
    held.createOrReplaceTempView(_AUDITED)
    try:
        yield
    finally:
        spark.catalog.dropTempView(_AUDITED)
        held.unpersist()


def _number(spark: SparkSession, query: str) -> int:
    return int(spark.sql(query).collect()[0][0])
