"""Orders that several tables have: which table they are taken from."""

from collections.abc import Mapping, Sequence
from functools import reduce

from cartlake.engine import DataFrame, F


def first_by_precedence(lines: Mapping[str, DataFrame], precedence: Sequence[str], days_around: int = 0) -> DataFrame:
    """Return the lines of all tables, but of each order those of one: the first in `precedence` that has it.

    `lines` are frames with equal columns, among them `order_id` and `order_date`, by the name of their table. An order
    is the same in two tables when its days there are at most `days_around` apart.
    """
    kept = [lines[precedence[0]]]
    for place, name in enumerate(precedence[1:], start=1):
        taken = _union(*(_orders(lines[earlier], days_around) for earlier in precedence[:place])).distinct()
        is_taken = (F.col("order_id") == F.col("_order_id")) & (F.col("order_date") == F.col("_day"))
        others = lines[name].join(taken, on=is_taken, how="left").where(F.col("_order_id").isNull())
        kept.append(others.select(*(F.col(column) for column in lines[name].columns)))
    return _union(*kept)


def _union(*frames: DataFrame) -> DataFrame:
    return reduce(lambda one, other: one.unionByName(other), frames)


def _orders(lines: DataFrame, days_around: int) -> DataFrame:
    """Return `_order_id` and `_day` of orders, for each day that is at most so many away."""
    order_id = F.col("order_id").alias("_order_id")
    if not days_around:
        return lines.select(order_id, F.col("order_date").alias("_day"))
    days = (F.date_add(F.col("order_date"), days).cast("date") for days in range(-days_around, days_around + 1))
    return lines.select(order_id, F.explode(F.array(*days)).alias("_day"))
