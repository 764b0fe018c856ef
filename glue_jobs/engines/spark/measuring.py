"""The table rules of a contract, measured on an audit branch with Spark SQL."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final

from pyspark import StorageLevel
from pyspark.sql import SparkSession

from cartlake.contracts import Table, measurements
from cartlake.runs.documents import Measurement
from glue_jobs.engines.base import Branch
from glue_jobs.engines.spark.iceberg import identifier
from glue_jobs.transforms.scopes import in_days_sql

_AUDITED: Final = "cartlake_audited_rows"


def measure(
    spark: SparkSession, branch: Branch, table: Table, days: Collection[date], now: datetime
) -> list[Measurement]:
    """Return the number each table rule measures on the branch's rows of these days, null without one; judge none."""
    found: dict[str, float | None] = {}
    with _audited(spark, branch, table, days):
        for measurement in measurements(table.table_rules, _AUDITED, now=now):
            found |= spark.sql(measurement.sql).collect()[0].asDict()
    return [Measurement(rule=rule.name, value=found[rule.name]) for rule in table.table_rules]


@contextmanager
def _audited(spark: SparkSession, branch: Branch, table: Table, days: Collection[date]) -> Iterator[None]:
    """Make a view of the rows in scope: read once, with the columns that rules name, partitioned by the key.

    Rules that group by the key then need no shuffle of their own.
    """
    mentioned = " ".join(" ".join((*rule.columns, rule.failing, rule.query)) for rule in table.table_rules)
    words = set(re.findall(r"\w+", mentioned)) | set(table.primary_key)
    columns = [column.name for column in table.columns if column.name in words]
    rows = spark.table(identifier(branch)).where(in_days_sql(table, days)).select(*columns)
    held = rows.repartition(table.primary_key[0]).persist(StorageLevel.DISK_ONLY)
    held.createOrReplaceTempView(_AUDITED)
    try:
        yield
    finally:
        spark.catalog.dropTempView(_AUDITED)
        held.unpersist()
