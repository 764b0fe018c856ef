"""Keys that stand on another day of the table than their new row, or on two days.

`moved` is a frame as `Engine.moved_keys` returns it.
"""

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F


def day_pairs(moved: DataFrame) -> DataFrame:
    """Return the distinct pairs of `day` and `stored_day`."""
    return moved.select("day", "stored_day").distinct()


def left_days(moved: DataFrame, published: DataFrame, table: Table) -> DataFrame:
    """Return the distinct days, in one column `day`, that keys of published rows stood on before."""
    keys = list(table.primary_key)
    left = moved.join(published.select(*keys), on=keys, how="left_semi")
    return left.select(F.col("stored_day").alias("day")).distinct()


def copies_of_keys(stored: DataFrame, moved: DataFrame, table: Table) -> DataFrame:
    """Return the stored rows of moved keys that have more than one."""
    keys = list(table.primary_key)
    found = stored.select(*keys).join(moved.select(*keys).distinct(), on=keys, how="left_semi")
    several = found.groupBy(*keys).agg(F.count(F.lit(1)).alias("copies")).where(F.col("copies") > F.lit(1))
    return stored.join(several.select(*keys), on=keys, how="left_semi")


def keys_of(rows: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys of rows."""
    return rows.select(*table.primary_key)
