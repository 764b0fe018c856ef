"""Amounts of a whole order, spread over its lines to the cent. Amounts are whole numbers of cents (bigint)."""

from typing import Final

from cartlake.engine import Column, DataFrame, F, Window

ORDER: Final = ("order_id", "order_date")
"""What tells orders apart. By day too: rows of one day must not depend on those of others."""

MOST_CENTS: Final = 2**53
"""Up to here a double holds every whole number. No order costs as much, and a wrong one must not end the run."""


def with_shares(lines: DataFrame, amount: str, weight: str, name: str) -> DataFrame:
    """Add to each line its share of an amount of its order (bigint), by weight; equal shares where all weigh nothing.

    `lines` have `order_id`, `order_date` and `line_number`; amount and weights are not negative. The shares add up to
    the amount: each is the difference of two running totals, rounded half up. Exact up to MOST_CENTS.
    """
    order = Window.partitionBy(*ORDER)
    so_far = order.orderBy("line_number").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    weighs = F.col("_weights") > F.lit(0)
    weighed = lines.select("*", of_order(weight).alias("_weights"))
    parted = weighed.select("*", F.when(weighs, F.col(weight)).otherwise(F.lit(1)).cast("double").alias("_part"))
    summed = parted.select("*", F.sum("_part").over(order).alias("_all"), F.sum("_part").over(so_far).alias("_until"))
    share = _rounded(amount, F.col("_until")) - _rounded(amount, F.col("_until") - F.col("_part"))
    return summed.select(*(F.col(column) for column in lines.columns), share.cast("bigint").alias(name))


def of_order(name: str) -> Column:
    """Return the sum of a column over the lines of an order (bigint), at most MOST_CENTS."""
    return F.least(F.sum(F.col(name).cast("double")).over(Window.partitionBy(*ORDER)), F.lit(float(MOST_CENTS))).cast(
        "bigint"
    )


def _rounded(amount: str, part: Column) -> Column:
    # The same double on both engines: each step is one operation of IEEE 754.
    return F.floor(F.col(amount).cast("double") * (part / F.col("_all")) + F.lit(0.5)).cast("bigint")
