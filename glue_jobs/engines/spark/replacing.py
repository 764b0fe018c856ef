"""Write built rows into their Iceberg table: the rows in scope are replaced in one commit, all others stay.

Three ways, by the scope and the table's partitions:

- whole partitions are overwritten, without reading them;
- where days or weeks are replaced within partitions of months or years, the rest of those partitions is written again,
  those of files that still have an earlier partitioning of the table included;
- keys are merged: a stored row of a replaced key that was not built again is deleted.
"""

# ruff: noqa: S608 - table names and conditions are written here, from contracts and days

from collections.abc import Collection
from typing import Final

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from cartlake.contracts import Table
from cartlake.refresh.day_ranges import ALWAYS, DayRange, Unit, aligned
from glue_jobs.engines.spark import iceberg
from glue_jobs.transforms.scopes import event_column, on_days_sql

_UNITS: Final[dict[str, Unit]] = {
    "identity": "days",
    "hour": "days",
    "day": "days",
    "month": "months",
    "year": "years",
}
_FINEST_FIRST: Final[tuple[Unit, ...]] = ("days", "months", "years")
_GONE: Final = "_gone"


def replace_days(spark: SparkSession, name: str, table: Table, days: tuple[DayRange, ...], rows: DataFrame) -> None:
    """Make `rows` all that the table holds of these days."""
    # A rebuild of all days replaces all files, however they are partitioned.
    stored = [] if ALWAYS in days else _units_of_files(spark, name, table)
    whole = enclosing(table, days, stored)
    if whole == days:
        iceberg.as_stored(spark, name, rows).writeTo(name).overwrite(_condition(table, whole))
        return
    in_scope = F.coalesce(_condition(table, days), F.lit(False))  # noqa: FBT003 - a literal of SQL
    rest = spark.table(name).where(_condition(table, whole) & ~in_scope)
    rows.unionByName(rest, allowMissingColumns=True).writeTo(name).overwrite(_condition(table, whole))


def enclosing(table: Table, ranges: tuple[DayRange, ...], stored: Collection[Unit | None] = ()) -> tuple[DayRange, ...]:
    """Return the days of all partitions that hold any of these days; all days for a table without partitions of time.

    `stored` are the units its files are partitioned by, which may be those of an earlier partitioning; None is any day.
    """
    units = [_UNITS[part.transform] for part in table.partitioning if part.column == table.event_time]
    if ALWAYS in ranges or not units or None in stored:
        return (ALWAYS,)
    known = [units[0], *(unit for unit in stored if unit is not None)]
    return aligned(ranges, max(known, key=_FINEST_FIRST.index))


def _units_of_files(spark: SparkSession, name: str, table: Table) -> list[Unit | None]:
    """Return the units of time that the table's files are partitioned by, because Iceberg overwrites whole files only.

    None stands for files that may hold any day.
    """
    files = spark.table(f"{name}.files")
    if "partition" not in files.columns:
        return []
    fields = _fields_of_time(files, table)
    present = [F.max(F.col(f"partition.`{field}`").isNotNull()).alias(field) for field in fields]
    specs = files.groupBy("spec_id").agg(F.count("*"), *present).collect()
    found: list[Unit | None] = []
    for spec in specs:
        units = [unit for field, unit in fields.items() if spec[field]]
        found += units or [None]
    return found


def _fields_of_time(files: DataFrame, table: Table) -> dict[str, Unit]:
    """Partition fields of the event time, of today's partitioning and of earlier ones: `order_date_month` → months."""
    names = {f"{table.event_time}_{kind}": unit for kind, unit in _UNITS.items() if kind != "identity"}
    names[str(table.event_time)] = "days"
    return {field: names[field] for field in files.select("partition.*").columns if field in names}


def _condition(table: Table, ranges: tuple[DayRange, ...]) -> Column:
    if ALWAYS in ranges:
        return F.lit(True)  # noqa: FBT003 - a literal of SQL
    return F.expr(on_days_sql(*event_column(table), ranges))


def replace_keys(spark: SparkSession, name: str, table: Table, keys: DataFrame, rows: DataFrame) -> None:
    """Make `rows` all that the table holds of the keys."""
    columns = [column.name for column in table.columns]
    stored = spark.table(name).join(keys, on=keys.columns, how="left_semi").select(*columns)
    gone = stored.join(rows, on=list(table.primary_key), how="left_anti")
    source = rows.withColumn(_GONE, F.lit(False)).unionByName(gone.withColumn(_GONE, F.lit(True)))  # noqa: FBT003
    view = f"cartlake_rebuilt_{table.bare_name}"
    source.createOrReplaceTempView(view)
    same = " and ".join(f"t.{column} = s.{column}" for column in table.primary_key)
    spark.sql(
        f"merge into {name} as t using {view} as s on {same} "
        f"when matched and s.{_GONE} then delete "
        f"when matched then update set {', '.join(f't.{c} = s.{c}' for c in columns)} "
        f"when not matched and not s.{_GONE} then "
        f"insert ({', '.join(columns)}) values ({', '.join(f's.{c}' for c in columns)})"
    )
    spark.catalog.dropTempView(view)
