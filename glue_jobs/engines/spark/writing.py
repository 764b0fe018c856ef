"""Accepted rows onto an audit branch: appended where their days are new, merged where rows are already stored."""

# ruff: noqa: S608 - table names and conditions are written here, from contracts and days

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Table
from glue_jobs.shared.iceberg import Branch, as_stored, within_days
from glue_jobs.transforms.file_rows.versions import order_of_versions
from glue_jobs.transforms.scopes import event_column

_SOURCE = "cartlake_merge_source"


@dataclass(frozen=True, slots=True)
class Split:
    """Days of a batch: those the table has no file of, and those it may have rows of."""

    new: frozenset[date]
    stored: frozenset[date]


def split_days(spark: SparkSession, branch: Branch, table: Table, days: Collection[date]) -> Split:
    """Look up in the table's metadata which days have data files.

    The branch began at the snapshot looked at, and it is published only if main is still there.
    """
    day_field = _day_partition(table)
    if branch.base is None or day_field is None:
        stored = frozenset(days) if branch.base is not None else frozenset()
        return Split(frozenset(days) - stored, stored)
    listed = ", ".join(f"date '{day}'" for day in sorted(days))
    found = spark.sql(
        f"select distinct partition.{day_field} as day from {branch.table}.files version as of {branch.base} "
        f"where partition.{day_field} in ({listed}) or partition.{day_field} is null"
    ).collect()
    if any(row.day is None for row in found):  # files of an older partitioning can hold any day
        return Split(frozenset(), frozenset(days))
    stored = frozenset(row.day for row in found)
    return Split(frozenset(days) - stored, stored)


def rows_of_days(rows: DataFrame, table: Table, days: Collection[date]) -> DataFrame:
    return rows.where(F.to_date(F.col(str(table.event_time))).isin(sorted(days)))


def append(spark: SparkSession, rows: DataFrame, branch: Branch, *, clustered: bool) -> None:
    """Add rows whose days the branch has no rows of. `clustered` spares the shuffle that gathers the rows of a day."""
    writer = as_stored(spark, branch.table, rows).writeTo(branch.identifier)
    if clustered:
        writer = writer.option("distribution-mode", "none").option("fanout-enabled", "true")
    writer.append()


def merge(spark: SparkSession, rows: DataFrame, branch: Branch, table: Table, days: Collection[date]) -> None:
    """Insert rows with a new key and update those with a higher version; equal and lower versions change nothing.

    `rows` holds one row per key. Only the files of `days` are looked at, because an event never changes its day.
    Two rows of one version that differ are decided as `versions.newest` decides: in whatever order files come, the
    same row stays.
    """
    rows.createOrReplaceTempView(_SOURCE)
    # By name, not `*`: a column that somebody added to the table by hand must not stop the load.
    names = [column.name for column in table.columns]
    try:
        spark.sql(
            f"merge into {branch.identifier} as t using {_SOURCE} as s "
            f"on {same_key(table)} and {on_days(table, days, 't.')} "
            f"when matched and {newer(table)} then update set {', '.join(f't.{n} = s.{n}' for n in names)} "
            f"when not matched then insert ({', '.join(names)}) values ({', '.join(f's.{n}' for n in names)})"
        )
    finally:
        spark.catalog.dropTempView(_SOURCE)


def same_key(table: Table) -> str:
    return " and ".join(f"t.{name} = s.{name}" for name in table.primary_key)


def newer(table: Table) -> str:
    """SQL that is true when row `s` wins over row `t` of the same key: a higher version, or of one version the greater
    values. Spark compares structs field by field, null below everything.
    """
    version = str(table.version_column)
    values = [name for name in order_of_versions(table) if name != version]
    mine, theirs = (", ".join(f"{side}.{name}" for name in values) for side in ("s", "t"))
    tie = f" or (s.{version} = t.{version} and struct({mine}) > struct({theirs}))" if values else ""
    return f"(s.{version} > t.{version}{tie})"


def on_days(table: Table, days: Collection[date], side: str = "") -> str:
    """SQL that is true for rows of those days, or of the gaps `day_ranges` fills."""
    column, kind = event_column(table)
    return within_days(f"{side}{column}", days, kind)


def _day_partition(table: Table) -> str | None:
    """The field of the metadata tables that holds the day of the event time, None when there is none."""
    days = [p for p in table.partitioning if (p.column, p.transform) == (table.event_time, "day")]
    return f"{table.event_time}_day" if days else None
