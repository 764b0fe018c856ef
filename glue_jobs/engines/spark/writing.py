"""Write rows to an audit branch with Spark SQL: append, merge by version, replace; and supersede quarantined rows."""

# ruff: noqa: S608 - table names and conditions are written here, from contracts, days and run ids

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Table
from glue_jobs.engines.base import Branch
from glue_jobs.engines.spark.frames import frame
from glue_jobs.engines.spark.iceberg import as_stored, identifier
from glue_jobs.transforms.file_rows.versions import newer, same_key
from glue_jobs.transforms.scopes import event_column, in_days_sql

_MOST_BROADCAST_KEYS: Final = 1_000_000
_MOST_BROADCAST_ROWS: Final = 100_000


def stored_days(spark: SparkSession, branch: Branch, table: Table, days: Collection[date]) -> frozenset[date]:
    """Return those of the days that have data files, by the table's metadata; all days where the metadata cannot say.

    Reads the snapshot the branch starts from: the branch is published only if main is still at it.
    """
    day_field = _day_partition(table)
    if branch.base is None or not days:
        return frozenset()
    if day_field is None:
        return frozenset(days)
    listed = ", ".join(f"date '{day}'" for day in sorted(days))
    found = spark.sql(
        f"select distinct partition.{day_field} as day from {branch.table}.files version as of {branch.base} "
        f"where partition.{day_field} in ({listed}) or partition.{day_field} is null"
    ).collect()
    if any(row.day is None for row in found):  # files of an older partitioning can hold any day
        return frozenset(days)
    return frozenset(row.day for row in found)


def moved_keys(spark: SparkSession, rows: DataFrame, count: int, branch: Branch, table: Table) -> DataFrame:
    """Return key, `day` and `stored_day` of rows whose key stands on another day: reads two or three columns of all."""
    event, _ = event_column(table)
    day = F.to_date(F.col(event))
    sought = rows.select(*table.primary_key, day.alias("day"))
    stored = spark.table(identifier(branch)).select(*table.primary_key, day.alias("stored_day"))
    # The keys of most batches fit into every task; without the hint the keys of the whole table would be shuffled.
    sought = F.broadcast(sought) if count <= _MOST_BROADCAST_KEYS else sought
    return stored.join(sought, on=list(table.primary_key)).where("day <> stored_day")


def append(spark: SparkSession, rows: DataFrame, branch: Branch, *, clustered: bool) -> None:
    """Add rows whose days the branch has no rows of. `clustered` saves the shuffle that gathers the rows of a day."""
    writer = as_stored(spark, branch.table, rows).writeTo(identifier(branch))
    if clustered:
        writer = writer.option("distribution-mode", "none").option("fanout-enabled", "true")
    writer.append()


def merge(  # noqa: PLR0913, PLR0917 - a table, and rows of some days
    spark: SparkSession, rows: DataFrame, count: int, branch: Branch, table: Table, days: Collection[date]
) -> None:
    """Insert rows with a new key and update those with a higher version; equal and lower versions change nothing.

    `rows` has one row per key, `count` at most. Only the files of `days` are read: those of the rows, and those their
    keys stand on. Two rows of one version that differ are decided as `versions.newest` decides: in whatever order
    files come, the same row stays.
    """
    if count > _MOST_BROADCAST_ROWS:
        _merge_by_shuffle(spark, rows, branch, table, days)
    else:
        _merge_by_broadcast(spark, rows, branch, table, days)


def _merge_by_shuffle(
    spark: SparkSession, rows: DataFrame, branch: Branch, table: Table, days: Collection[date]
) -> None:
    names = _names(table)
    with _view(spark, rows, "cartlake_merge_source") as source:
        spark.sql(
            f"{_update_sql(source, branch, table, days)} "
            f"when not matched then insert ({', '.join(names)}) values ({', '.join(f's.{n}' for n in names)})"
        )


def _merge_by_broadcast(
    spark: SparkSession, rows: DataFrame, branch: Branch, table: Table, days: Collection[date]
) -> None:
    """Find the keys that are stored first, and update and append apart.

    Rows that no key matches keep Spark from broadcasting the source of a MERGE: it would shuffle the stored days.
    """
    keys = list(table.primary_key)
    stored = spark.table(identifier(branch)).where(in_days_sql(table, days)).select(*keys)
    # Frozen, because the branch they are read from is what is changed.
    known = stored.join(F.broadcast(rows.select(*keys)), on=keys, how="left_semi").localCheckpoint()
    fresh, same = (rows.join(F.broadcast(known), on=keys, how=how) for how in ("left_anti", "left_semi"))
    if not known.isEmpty():
        with _view(spark, F.broadcast(same), "cartlake_merge_source") as source:
            spark.sql(_update_sql(source, branch, table, days))
    if not fresh.isEmpty():
        append(spark, fresh.select(*_names(table)), branch, clustered=False)


def _update_sql(source: str, branch: Branch, table: Table, days: Collection[date]) -> str:
    return (
        f"merge into {identifier(branch)} as t using {source} as s "
        f"on {same_key(table)} and {in_days_sql(table, days, 't.')} "
        f"when matched and {newer(table)} then update set {', '.join(f't.{n} = s.{n}' for n in _names(table))}"
    )


def _names(table: Table) -> list[str]:
    """By name, not `*`: a column of the table that no contract has must not stop the load."""
    return [column.name for column in table.columns]


def replace(spark: SparkSession, changed: DataFrame, gone: DataFrame, branch: Branch, table: Table) -> None:
    """Insert or update `changed` rows and delete the keys of `gone` in one statement, so in one snapshot.

    Does nothing when both are empty. Reads the whole table, because a corrected contract may give a row another day.
    """
    names = [column.name for column in table.columns]
    if changed.isEmpty() and gone.isEmpty():
        return
    rows = changed.withColumn("_gone", F.expr("false")).unionByName(
        gone.withColumn("_gone", F.expr("true")), allowMissingColumns=True
    )
    with _view(spark, rows, "cartlake_replacement") as source:
        spark.sql(
            f"merge into {identifier(branch)} as t using {source} as s on {same_key(table)} "
            "when matched and s._gone then delete "
            f"when matched then update set {', '.join(f't.{n} = s.{n}' for n in names)} "
            f"when not matched and not s._gone then insert ({', '.join(names)}) "
            f"values ({', '.join(f's.{n}' for n in names)})"
        )


def supersede_quarantine(spark: SparkSession, table: str, dataset: str, run_id: str, file_ids: Sequence[str]) -> None:
    """Put a backfill's quarantined rows in force, supersede the older ones, in one commit; may be repeated."""
    files = frame(spark, [(file_id,) for file_id in file_ids], "file_id string")
    ours = f"t.dataset = '{dataset}' and t.run_id = '{run_id}'"
    with _view(spark, files, "cartlake_backfilled_files") as source:
        spark.sql(
            f"merge into {table} as t using {source} as s on t.dataset = '{dataset}' and t.file_id = s.file_id "
            f"when matched and {ours} and t.superseded_by = '{run_id}' then update set t.superseded_by = null "
            f"when matched and not ({ours}) and t.superseded_by is null "
            f"then update set t.superseded_by = '{run_id}', t.superseded_at = current_timestamp()"
        )


@contextmanager
def _view(spark: SparkSession, rows: DataFrame, name: str) -> Iterator[str]:
    """Make a temporary view, because MERGE reads its source by name."""
    rows.createOrReplaceTempView(name)
    try:
        yield name
    finally:
        spark.catalog.dropTempView(name)


def _day_partition(table: Table) -> str | None:
    """Return the field of the metadata tables that holds the day of the event time, None when there is none."""
    days = [p for p in table.partitioning if (p.column, p.transform) == (table.event_time, "day")]
    return f"{table.event_time}_day" if days else None
