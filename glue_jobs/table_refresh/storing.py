"""Built rows into their Iceberg table: what was in scope is replaced in one commit, everything else stays.

Three ways, by the scope and the table's partitions:

- whole partitions are overwritten, without a look at what was in them;
- where days or weeks are replaced within partitions of months or years, the rest of those partitions is written again;
- keys are merged: a stored row of a replaced key that was not built again is deleted.
"""

# ruff: noqa: S608 - table names and conditions are written here, from contracts and days

from typing import Final

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Table
from cartlake.days import ALWAYS, DayRange, Unit, aligned
from glue_jobs.shared import iceberg
from glue_jobs.shared.scopes import event_column, on_days_sql
from glue_jobs.table_refresh.building import Building

_UNITS: Final[dict[str, Unit]] = {"identity": "days", "day": "days", "month": "months", "year": "years"}
_GONE: Final = "_gone"


def replace(spark: SparkSession, name: str, building: Building, rows: DataFrame) -> str | None:
    """Make `rows` all that the table holds of the scope; returns the snapshot, None for a table without one."""
    if building.keys is not None:
        _merge_keys(spark, name, building, rows)
    else:
        _overwrite(spark, name, building, rows)
    head = iceberg.head(spark, name, "main")
    return None if head is None else str(head)


def _overwrite(spark: SparkSession, name: str, building: Building, rows: DataFrame) -> None:
    scope = building.scope.days
    whole = enclosing(building.table, scope)
    if whole == scope:
        rows.writeTo(name).overwrite(_condition(building.table, whole))
        return
    rest = spark.table(name).where(_condition(building.table, whole) & ~_condition(building.table, scope))
    rows.unionByName(rest).writeTo(name).overwrite(_condition(building.table, whole))


def enclosing(table: Table, ranges: tuple[DayRange, ...]) -> tuple[DayRange, ...]:
    """The days of all partitions that hold any of these days; all days for a table without partitions of time."""
    units = [_UNITS[part.transform] for part in table.partitioning if part.column == table.event_time]
    if ALWAYS in ranges or not units:
        return (ALWAYS,)
    return aligned(ranges, units[0])


def _condition(table: Table, ranges: tuple[DayRange, ...]) -> Column:
    if ALWAYS in ranges:
        return F.lit(True)  # noqa: FBT003 - a literal of SQL
    return F.expr(on_days_sql(*event_column(table), ranges))


def _merge_keys(spark: SparkSession, name: str, building: Building, rows: DataFrame) -> None:
    table = building.table
    stored = building.in_scope(spark.table(name))
    gone = stored.join(rows, on=list(table.primary_key), how="left_anti")
    source = rows.withColumn(_GONE, F.lit(False)).unionByName(gone.withColumn(_GONE, F.lit(True)))  # noqa: FBT003
    view = f"cartlake_rebuilt_{table.bare_name}"
    source.createOrReplaceTempView(view)
    same = " and ".join(f"t.{column} = s.{column}" for column in table.primary_key)
    columns = [column.name for column in table.columns]
    spark.sql(
        f"merge into {name} as t using {view} as s on {same} "
        f"when matched and s.{_GONE} then delete "
        f"when matched then update set {', '.join(f't.{c} = s.{c}' for c in columns)} "
        f"when not matched and not s.{_GONE} then "
        f"insert ({', '.join(columns)}) values ({', '.join(f's.{c}' for c in columns)})"
    )
    spark.catalog.dropTempView(view)
