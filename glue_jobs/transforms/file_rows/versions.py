"""Decide which of several rows of one primary key is the newest, and is kept."""

from collections.abc import Iterable
from functools import reduce
from operator import and_
from typing import Final

from cartlake.contracts import Table
from cartlake.engine import Column, DataFrame, Engine, F, Window
from glue_jobs.transforms.file_rows.comparing import compared

STORED: Final = "_stored_"
"""Prefix of the columns of a stored row that is joined to another row."""


def repeated_keys(rows: DataFrame, table: Table) -> DataFrame:
    """Return the primary keys that occur more than once, with their number of `copies`."""
    return rows.groupBy(*table.primary_key).agg(F.count(F.lit(1)).alias("copies")).where(F.col("copies") > F.lit(1))


def deduplicate(rows: DataFrame, repeated: DataFrame, table: Table) -> DataFrame:
    """Keep the newest row of every key, ranking only the rows whose key is in `repeated`."""
    keys = list(table.primary_key)
    # Names of their own, because SQLFrame confuses the sides of a join on equal names.
    again = repeated.select(*(F.col(name).alias(f"_repeated_{name}") for name in keys))
    same = reduce(and_, (F.col(name) == F.col(f"_repeated_{name}") for name in keys))
    once, more = (rows.join(again, on=same, how=how) for how in ("left_anti", "left_semi"))
    names = [column.name for column in table.columns]
    return once.select(*names).unionByName(newest(more, table))


def newest(rows: DataFrame, table: Table) -> DataFrame:
    """Keep one row per primary key: the highest version.

    Of equal versions a delete stays, else the one with the greatest values, in whatever files they came; of equal rows
    the one of the last file by name.
    """
    version, *values = order_of_versions(table)
    # Of equal versions a delete wins: exports often set a flag, and leave the version as it is.
    deletes = [F.when(F.expr(table.is_delete), F.lit(1)).otherwise(F.lit(0)).desc()] if table.deleted_when else []
    order = [*_greatest_first(table, version), *deletes, *_greatest_first(table, *values), F.desc("_source_file")]
    newest_first = Window.partitionBy(*table.primary_key).orderBy(*order)
    ranked = rows.withColumn("_rank", F.row_number().over(newest_first))
    return ranked.where(F.col("_rank") == F.lit(1)).select(*(F.col(column.name) for column in table.columns))


def _greatest_first(table: Table, *names: str) -> list[Column]:
    return [F.expr(sql).desc() for name in names for sql in compared(table.column(name))]


def order_of_versions(table: Table) -> list[str]:
    """Return the columns that decide, in this order, which of two rows of one key is newer: the version, then others.

    Only columns of the files count, so that the same rows give the same table, however they are split into files.
    """
    others = [column.name for column in table.file_columns if column.name not in table.primary_key]
    return list(dict.fromkeys([str(table.version_column), *others]))


def same_key(table: Table) -> str:
    """Return SQL that is true when the rows `t` and `s` have the same primary key."""
    return " and ".join(f"t.{name} = s.{name}" for name in table.primary_key)


def newer_version(table: Table) -> str:
    """Return SQL that says whether row `s` has a higher version than `t`, null when they are equal. Null is lowest."""
    name = table.version_column
    return f"(case {_first_different([(f's.{name}', f't.{name}')])} end)"


def higher_version(table: Table, row: str, than: str) -> str:
    """Return SQL that is true when a row has a higher version than another, and never null. Null is lowest."""
    name = table.version_column
    return f"(case {_first_different([(f'{row}{name}', f'{than}{name}')])} else false end)"


def newer(table: Table, row: str = "s.", than: str = "t.", dialect: Engine = "spark") -> str:
    """Return SQL that is true when a row wins over another of the same key, and never null.

    It wins by a higher version or, with equal ones, by the first value that differs. Null is lowest. `row` and `than`
    are the prefixes of their columns; `dialect` as in `comparing.compared`. Written out, because engines differ in how
    they compare structs that hold nulls.
    """
    pairs = [
        pair
        for name in order_of_versions(table)
        for pair in zip(*(compared(table.column(name), prefix, dialect) for prefix in (row, than)), strict=True)
    ]
    return f"(case {_first_different(pairs)} else false end)"


def _first_different(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the branches of a `case` that decide by the first of these pairs of values that differs."""
    return " ".join(f"when {a} is distinct from {b} then {b} is null or coalesce({a} > {b}, false)" for a, b in pairs)


def beside_stored(rows: DataFrame, stored: DataFrame, table: Table, how: str) -> DataFrame:
    """Return the rows, each with the columns of the stored row of the same key as `_stored_<name>`.

    `how` is the join's kind. The columns are renamed because SQLFrame confuses the sides of a join on equal names.
    """
    renamed = stored.select(*(F.col(name).alias(f"{STORED}{name}") for name in stored.columns))
    keys = (F.col(name) == F.col(f"{STORED}{name}") for name in table.primary_key)
    return rows.join(renamed, on=reduce(and_, keys), how=how)
