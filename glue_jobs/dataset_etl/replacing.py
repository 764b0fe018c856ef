"""A backfill's rows onto an audit branch: they take the place of the rows that came from the same files before.

A load lets the newest version of a key win. A backfill reads rows that are in the table already, and what may have
changed is the contract: so a row wins over the one of its own file, whatever its version, and a row that is refused
now leaves. Against rows of other files the newest version wins as ever.
"""

# ruff: noqa: S608 - table names and conditions are written here, from contracts

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Table
from cartlake.runs.documents import ManifestFile
from glue_jobs.dataset_etl.merging import newer, same_key
from glue_jobs.shared.iceberg import Branch

_SOURCE: Final = "cartlake_replacement"


@dataclass(frozen=True, slots=True)
class Replaced:
    """`gone` holds the keys that were to leave, `old_days` the days of all stored rows that changed or left."""

    gone: DataFrame
    old_days: frozenset[date]


def replace(kept: DataFrame, files: Sequence[ManifestFile], branch: Branch, table: Table, run_id: str) -> Replaced:
    """Make the branch what it would be, had `files` been read for the first time now; rows that stay are not touched.

    `kept` holds one row per key. The whole table is looked at: a corrected contract may give a row another day.
    """
    spark, keys = kept.sparkSession, list(table.primary_key)
    stored = _with_origin(spark.table(branch.identifier), files, run_id)
    # Checkpoints, since Spark computes what is persisted anew when a table that it was made of changes.
    changed = _changed(kept, stored, table).localCheckpoint()
    gone = stored.where("_ours").select(*keys).join(kept.select(*keys), on=keys, how="left_anti").localCheckpoint()
    touched = changed.select(*keys).unionByName(gone)
    days = stored.join(touched, on=keys, how="left_semi").select(F.to_date(str(table.event_time)).alias("day"))
    replaced = Replaced(gone, frozenset(row.day for row in days.distinct().collect()))
    if not touched.isEmpty():
        _merge(spark, changed, gone, branch, table)
    return replaced


def withdrawn_rows(spark: SparkSession, gone: DataFrame, branch: Branch, table: Table) -> int:
    """Keys that the branch really has no row of any more."""
    keys = list(table.primary_key)
    return gone.join(spark.table(branch.identifier).select(*keys), on=keys, how="left_anti").count()


def _with_origin(rows: DataFrame, files: Sequence[ManifestFile], run_id: str) -> DataFrame:
    """Add `_ours`: whether a stored row came from one of these files, in whatever run."""
    pairs = {(load.source_file, load.run_id) for file in files for load in file.loads}
    pairs |= {(file.source_file, run_id) for file in files}  # of an earlier try of this very run
    schema = "_source_file string, _run_id string, _is_ours boolean"
    origins = rows.sparkSession.createDataFrame([(*pair, True) for pair in sorted(pairs)], schema)
    marked = rows.join(F.broadcast(origins), on=["_source_file", "_run_id"], how="left")
    return marked.withColumn("_ours", F.expr("coalesce(_is_ours, false)")).drop("_is_ours")


def _changed(kept: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """The rows that are new, that win over a row of another file, or that their own file now gives another value."""
    values = [column.name for column in table.file_columns if column.name not in table.primary_key]
    differs = " or ".join(f"not (t.{name} <=> s.{name})" for name in values) or "false"
    wins = f"t._run_id is null or (t._ours and ({differs})) or (not t._ours and {newer(table)})"
    joined = kept.alias("s").join(stored.alias("t"), on=F.expr(same_key(table)), how="left")
    return joined.where(wins).select(*(F.col(f"s.{column.name}") for column in table.columns))


def _merge(spark: SparkSession, changed: DataFrame, gone: DataFrame, branch: Branch, table: Table) -> None:
    """One statement, so one snapshot on the branch."""
    columns = [column.name for column in table.columns]
    absent, present = F.expr("false"), F.expr("true")
    source = changed.withColumn("_gone", absent).unionByName(
        gone.withColumn("_gone", present), allowMissingColumns=True
    )
    source.createOrReplaceTempView(_SOURCE)
    try:
        spark.sql(
            f"merge into {branch.identifier} as t using {_SOURCE} as s on {same_key(table)} "
            "when matched and s._gone then delete "
            f"when matched then update set {', '.join(f't.{name} = s.{name}' for name in columns)} "
            f"when not matched and not s._gone then insert ({', '.join(columns)}) "
            f"values ({', '.join(f's.{name}' for name in columns)})"
        )
    finally:
        spark.catalog.dropTempView(_SOURCE)
