"""Things that several tables have, such as orders: which table they are taken from."""

from collections.abc import Mapping, Sequence
from functools import reduce

from cartlake.engine import DataFrame, F


def first_by_precedence(
    rows: Mapping[str, DataFrame], precedence: Sequence[str], key: str, day: str, days_around: int = 0
) -> DataFrame:
    """Return the rows of all tables, but of each thing those of one: the first in `precedence` that has it.

    `rows` are frames with equal columns by the name of their table. The column `key` names the thing, and it is the
    same in two tables when its days, in the column `day`, are at most `days_around` apart.
    """
    kept = [rows[precedence[0]]]
    for place, name in enumerate(precedence[1:], start=1):
        # Only those that may be the same: later tables are small beside the first, or empty.
        sought = rows[name].select(F.col(key).alias("_key")).distinct()
        held = _union(*(_held(rows[earlier], key, day, days_around) for earlier in precedence[:place]))
        taken = held.join(sought, on=["_key"], how="left_semi").distinct()
        is_taken = (F.col(key) == F.col("_key")) & (F.col(day) == F.col("_held_on"))
        others = rows[name].join(taken, on=is_taken, how="left").where(F.col("_key").isNull())
        kept.append(others.select(*(F.col(column) for column in rows[name].columns)))
    return _union(*kept)


def _union(*frames: DataFrame) -> DataFrame:
    return reduce(lambda one, other: one.unionByName(other), frames)


def _held(rows: DataFrame, key: str, day: str, days_around: int) -> DataFrame:
    """Return `_key` and `_held_on` of what a table has, for each day that is at most so many away."""
    named = F.col(key).alias("_key")
    if not days_around:
        return rows.select(named, F.col(day).alias("_held_on"))
    days = (F.date_add(F.col(day), number).cast("date") for number in range(-days_around, days_around + 1))
    return rows.select(named, F.explode(F.array(*days)).alias("_held_on"))
