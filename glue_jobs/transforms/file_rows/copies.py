"""Rows of a full copy of a table: what the file has, and what the table had before."""

from functools import reduce
from operator import or_

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F, broadcast


def as_replaced(stored: DataFrame) -> DataFrame:
    """Return the stored rows with `_ours`, true for each: whatever file they came from, the copy replaces them."""
    return stored.withColumn("_ours", F.lit(True))  # noqa: FBT003 - a literal of SQL


def keyless(rows: DataFrame, table: Table) -> DataFrame:
    """Return the rows whose primary key cannot be read."""
    return rows.where(reduce(or_, (F.col(name).isNull() for name in table.primary_key)))


def of_files(rows: DataFrame, files: DataFrame) -> DataFrame:
    """Return the rows of these files: few rows with the column `_source_file`."""
    return rows.join(broadcast(files), on="_source_file", how="left_semi").select(*rows.columns)


def of_other_files(rows: DataFrame, files: DataFrame) -> DataFrame:
    """Return the rows of all other files."""
    return rows.join(broadcast(files), on="_source_file", how="left_anti").select(*rows.columns)
