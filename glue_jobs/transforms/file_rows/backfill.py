"""Rows that a backfill changes: its rows replace the rows that came from the same files before.

A load lets the newest version of a key win. A backfill reads rows that are in the table already, and what may have
changed is the contract: so a row wins over the one of its own file, whatever its version, and a row that is refused
now is deleted. Against rows of other files the newest version wins, as in a load.

A slice reads a part of the files of a backfill. A stored row of a file that a later slice reads again may be withdrawn
or lowered there, and rows that lost to it are the newest then: so those are counted.
"""

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F, broadcast
from glue_jobs.transforms.file_rows.versions import STORED, beside_stored, newer

ORIGIN_SCHEMA = "_source_file string, _run_id string, _is_ours boolean"


def with_origin(stored: DataFrame, origins: DataFrame) -> DataFrame:
    """Add `_ours`: whether a stored row is of one of the `origins`: few rows, with the columns ORIGIN_SCHEMA.

    Origins that are not ours are files which a later slice reads again: their rows have `_unread`.
    """
    marked = stored.join(broadcast(origins), on=["_source_file", "_run_id"], how="left")
    ours = F.coalesce(F.col("_is_ours"), F.lit(False))  # noqa: FBT003
    unread = F.col("_is_ours").isNotNull() & ~ours
    return marked.withColumn("_ours", ours).withColumn("_unread", unread).drop("_is_ours")


def changed_rows(kept: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """Return the kept rows that are new, win over a row of another file, or differ from the row of their own file.

    `kept` has one row per key, `stored` the column `_ours`. Returns the columns of the table.
    """
    differs = _differs(table)
    ours, is_newer = f"{STORED}_ours", newer(table, row="", than=STORED)
    wins = f"{STORED}_run_id is null or ({ours} and ({differs})) or (not {ours} and {is_newer})"
    joined = beside_stored(kept, stored, table, how="left")
    return joined.where(F.expr(wins)).select(*(F.col(column.name) for column in table.columns))


def _differs(table: Table) -> str:
    """SQL that is true when a row has other values than the stored row beside it."""
    values = [column.name for column in table.value_columns if column.name not in table.primary_key]
    return " or ".join(f"{STORED}{name} is distinct from {name}" for name in values) or "false"


def lowered_keys(kept: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of kept rows that replace the row of their own file and are of a lower version."""
    is_newer = newer(table, row="", than=STORED)
    joined = beside_stored(kept, stored.where(F.col("_ours")), table, how="inner")
    lower = joined.where(F.expr(f"({_differs(table)}) and not {is_newer}"))
    return lower.select(*(F.col(name) for name in table.primary_key))


def outranked_keys(kept: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of kept rows that lose to a row of a file which is still to be read again."""
    is_newer = newer(table, row="", than=STORED)
    joined = beside_stored(kept, stored.where(F.col("_unread")), table, how="inner")
    return joined.where(F.expr(f"not {is_newer}")).select(*(F.col(name) for name in table.primary_key))


def returned_keys(kept: DataFrame, stored: DataFrame, before: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of kept rows that the table had `before`, and has no more."""
    keys = list(table.primary_key)
    fresh = kept.select(*keys).join(stored.select(*keys), on=keys, how="left_anti")
    return fresh.join(before.select(*keys), on=keys, how="left_semi")


def keys_without_successor(kept: DataFrame, stored: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of stored rows of these files that no kept row has any more."""
    keys = list(table.primary_key)
    return stored.where(F.col("_ours")).select(*keys).join(kept.select(*keys), on=keys, how="left_anti")


def days_of_keys(stored: DataFrame, keys: DataFrame, table: Table) -> DataFrame:
    """Return the distinct days, in one column `day`, of the stored rows that have one of these keys."""
    touched = stored.join(keys, on=list(table.primary_key), how="left_semi")
    return touched.select(F.to_date(F.col(str(table.event_time))).alias("day")).distinct()
