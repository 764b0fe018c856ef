"""Iceberg through Spark SQL: branches, their heads, and replacing the rows a run wrote before."""

# ruff: noqa: S608 - table names and conditions are written by the jobs, from contracts and run ids

import re
from typing import Any, Final

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.tables.snapshots import ADDED_BYTES, MAIN, RUN_PROPERTY
from glue_jobs.engines.base import Branch
from glue_jobs.engines.refresh import MainSnapshot

_ATTEMPTS: Final = 4
_CONFLICT: Final = re.compile(r"CommitFailedException|exceptions\.ValidationException|Cannot commit|missing data files")


def identifier(branch: Branch) -> str:
    """Return the name by which a branch is read and written like a table."""
    return f"{branch.table}.branch_{branch.name}"


def label_snapshots(spark: SparkSession, run_id: str) -> None:
    """Write the run id into the summary of every snapshot this process makes: `lake history` shows it.

    A process does one run at a time. Iceberg 1.10 takes such a property as an option of a write, which MERGE does not
    have, or from its EnvironmentContext, in which Spark also records its own version.
    """
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - PySpark has no other way to Iceberg's Java API
    jvm.org.apache.iceberg.EnvironmentContext.put(RUN_PROPERTY, run_id)


def fresh_branch(spark: SparkSession, table: str, name: str, start: str = MAIN) -> Branch:
    """Create a branch at the head of another, or reset it to there, so that a retried run starts anew; return it.

    Where there is no branch `start` yet, it holds no rows.
    """
    base = head(spark, table, start)
    if base is not None:
        spark.sql(f"alter table {table} create or replace branch `{name}` as of version {base}")
        return Branch(table, name, base)
    # Iceberg replaces a branch only by a snapshot, and a new table has none. A new branch has the rows of main.
    drop_branch(spark, table, name)
    spark.sql(f"alter table {table} create branch `{name}`")
    if start != MAIN:
        spark.sql(f"delete from {table}.branch_{name} where true")
    return Branch(table, name, None)


def overwrite(spark: SparkSession, branch: Branch, rows: DataFrame) -> None:
    """Make `rows` all that a branch holds, in one commit."""
    stored = as_stored(spark, branch.table, rows)
    stored.writeTo(identifier(branch)).overwrite(F.lit(True))  # noqa: FBT003 - a literal of SQL


def publish(spark: SparkSession, branch: Branch) -> None:
    """Fast-forward main to the head of a branch. Raises Spark's error when main has moved since it began."""
    catalog, _, table = branch.table.partition(".")
    spark.sql(f"call {catalog}.system.fast_forward(table => '{table}', branch => '{MAIN}', to => '{branch.name}')")
    spark.catalog.refreshTable(branch.table)


def drop_branch(spark: SparkSession, table: str, name: str) -> None:
    """Drop a branch, if there is one of that name."""
    spark.sql(f"alter table {table} drop branch if exists `{name}`")


def head(spark: SparkSession, table: str, reference: str) -> int | None:
    """Return the id of the snapshot a branch points at, None when there is no such branch."""
    spark.catalog.refreshTable(table)  # others commit too, and Spark caches what it has read of a table
    rows = spark.sql(f"select snapshot_id from {table}.refs where name = '{reference}'").collect()
    return int(rows[0].snapshot_id) if rows else None


def main_snapshot(spark: SparkSession, table: str) -> MainSnapshot | None:
    """Return the snapshot of main as this session reads the table: it is not looked for anew, and no job is run."""
    found = _loaded(spark, table).currentSnapshot()
    if found is None:
        return None
    said = found.summary().get(ADDED_BYTES)
    return MainSnapshot(found.snapshotId(), None if said is None else int(said))


def added_bytes(spark: SparkSession, branch: Branch) -> int:
    """Return the bytes of the files that were written to a branch since it began."""
    spark.catalog.refreshTable(branch.table)
    loaded, total = _loaded(spark, branch.table), 0
    found = loaded.snapshot(branch.name)
    while found is not None and found.snapshotId() != branch.base:
        total += int(found.summary().get(ADDED_BYTES) or 0)  # a snapshot that only deletes files says none
        parent = found.parentId()
        found = None if parent is None else loaded.snapshot(parent)
    return total


def _loaded(spark: SparkSession, table: str) -> Any:
    """The table as this session knows it, in Iceberg's Java API: a query of its metadata would be a job."""
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - PySpark has no other way to Iceberg's Java API
    return jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, table)  # noqa: SLF001


def run_of(spark: SparkSession, table: str, snapshot_id: int | None) -> str | None:
    """Return the id of the run that made a snapshot, None when it says none."""
    where = f"snapshot_id = {snapshot_id or 0}"
    rows = spark.sql(f"select summary['{RUN_PROPERTY}'] as run_id from {table}.snapshots where {where}").collect()
    return rows[0].run_id if rows else None


def as_stored(spark: SparkSession, table: str, rows: DataFrame) -> DataFrame:
    """Return the rows with nulls for columns of the table that no contract has: Spark needs a value for each."""
    foreign = [field for field in spark.table(table).schema if field.name not in rows.columns]
    return rows.select("*", *(F.lit(None).cast(field.dataType).alias(field.name) for field in foreign))


def replace_rows(spark: SparkSession, table: str, where: str, rows: DataFrame | None) -> None:
    """Make `rows` the only ones of the table that meet `where`; None stands for no rows.

    Usually no such rows are there, and only a retry has to delete any. Other runs write these tables too: a delete that
    conflicts with files another writer has just rewritten is done again on the new ones.
    """
    if spark.table(table).where(where).limit(1).count():
        _delete(spark, table, where)
    if rows is not None:
        as_stored(spark, table, rows).writeTo(table).append()


def _delete(spark: SparkSession, table: str, where: str) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            spark.sql(f"delete from {table} where {where}")
        except (PySparkException, Py4JError) as error:
            if attempt == _ATTEMPTS or not is_conflict(error):
                raise
            spark.catalog.refreshTable(table)
        else:
            return


def is_conflict(error: Exception) -> bool:
    """Return whether a statement failed because another writer committed first, so that a retry may succeed."""
    return _CONFLICT.search(str(error)) is not None
