"""Rows that delete their key, and the deletes that a table remembers, where a contract has `cartlake.deletedWhen`.

A delete has the version of its row. It wins over rows of the same key whose version is the same or lower, whichever
come first: a table remembers its deletes, one row per key, on a branch of its own.
"""

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F
from glue_jobs.transforms.file_rows.versions import STORED, beside_stored, higher_version


def live_rows(rows: DataFrame, table: Table) -> DataFrame:
    """Return the rows that do not delete their key."""
    return rows.where(F.expr(f"not {table.is_delete}"))


def deletes_of(rows: DataFrame, table: Table) -> DataFrame:
    """Return the rows that delete their key, with no more than that needs: other columns are null.

    What was deleted for the sake of privacy is not kept either.
    """
    kept = [
        F.col(c.name)
        if c.added_by_lake or c.name in table.delete_columns
        else F.expr(f"case when false then {c.name} end").alias(c.name)
        for c in table.columns
    ]
    return rows.where(F.expr(table.is_delete)).select(*kept)


def beaten(rows: DataFrame, deletes: DataFrame, table: Table) -> DataFrame:
    """Return the rows that are not newer than the delete of their key. `deletes` has one row per key."""
    joined = beside_stored(rows, deletes, table, how="inner")
    return _columns(joined.where(F.expr(f"not {_is_newer(table)}")), table)


def unbeaten(rows: DataFrame, deletes: DataFrame, table: Table) -> DataFrame:
    """Return the rows that are newer than the delete of their key, or whose key has none."""
    joined = beside_stored(rows, deletes, table, how="left")
    return _columns(joined.where(F.expr(f"{STORED}_run_id is null or {_is_newer(table)}")), table)


def deleted_keys(stored: DataFrame, deletes: DataFrame, table: Table) -> DataFrame:
    """Return the primary key and the `day` of the stored rows that are not newer than the delete of their key."""
    event = str(table.event_time)
    names = dict.fromkeys([*table.primary_key, str(table.version_column), event])
    joined = beside_stored(stored.select(*names), deletes, table, how="inner")
    found = joined.where(F.expr(f"not {_is_newer(table)}"))
    return found.select(*(F.col(name) for name in table.primary_key), F.to_date(F.col(event)).alias("day"))


def distinct_days(keys: DataFrame) -> DataFrame:
    """Return the distinct values of `day`."""
    return keys.select("day").distinct()


def keys_without(rows: DataFrame, others: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of rows that none of the others has."""
    keys = list(table.primary_key)
    return rows.select(*keys).join(others.select(*keys), on=keys, how="left_anti")


def _is_newer(table: Table) -> str:
    """SQL that is true when a row has a higher version than the delete beside it."""
    return higher_version(table, row="", than=STORED)


def _columns(rows: DataFrame, table: Table) -> DataFrame:
    return rows.select(*(F.col(column.name) for column in table.columns))
