"""What products did in a month: sales from processed.order_lines, interest from processed.clickstream."""

from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.curated_marts.measures import amounts_in_euros, counts, units_that
from glue_jobs.shared.money import MONEY, quotient

_KEY: Final = ("month_start", "product_id")
_SALES: Final = {
    **dict.fromkeys(
        ("units", "returned_units", "orders", "customers", "unconverted_lines", "uncosted_lines"), "bigint"
    ),
    **dict.fromkeys(("gross_reporting", "net_reporting", "returned_reporting"), MONEY),
    **dict.fromkeys(("cost_reporting", "margin_reporting"), MONEY),
}
_INTEREST: Final = {"viewers": "product_view", "cart_visitors": "add_to_cart"}


def product_performance(order_lines: DataFrame, clickstream: DataFrame) -> DataFrame:
    """One row per month and product that was ordered, viewed or put in a cart in it. Amounts in euros.

    - `viewers`, `cart_visitors`: distinct visitors with such an event in the month (`event_at`, UTC). Visitors, not
      events: a robot that reads a page a thousand times is one of them, and so is someone who reloads.
    - `return_rate` = returned_units / units, four digits, rounded half up; null when nothing was sold.
    - `revenue_rank`: 1 is the highest net_reporting of the month, equal ones in the order of their product_id.
    """
    kinds = _SALES | dict.fromkeys(_INTEREST, "bigint")
    # Added up instead of joined: a full join on names gives SQLFrame the keys of one side only.
    both = _padded(_sold(order_lines), kinds).unionByName(_padded(_visited(clickstream), kinds))
    products = both.groupBy(*_KEY).agg(*(F.sum(name).cast(kind).alias(name) for name, kind in kinds.items()))
    best_first = Window.partitionBy("month_start").orderBy(F.desc("net_reporting"), F.asc("product_id"))
    return products.select(
        *_KEY,
        *kinds,
        quotient("(10000 * returned_units)", "units", 4, 5).alias("return_rate"),
        F.row_number().over(best_first).cast("int").alias("revenue_rank"),
    )


def _sold(order_lines: DataFrame) -> DataFrame:
    measures = {**counts(), "returned_units": units_that(F.col("is_returned")), **amounts_in_euros()}
    return order_lines.groupBy(_month("order_date"), "product_id").agg(*(measures[name].alias(name) for name in _SALES))


def _visited(clickstream: DataFrame) -> DataFrame:
    events = clickstream.where(
        F.col("event_type").isin(*_INTEREST.values()) & F.col("product_id").isNotNull()
    ).withColumn("_day", F.to_date(F.col("event_at")))
    visitors = (
        F.countDistinct(F.when(F.col("event_type") == F.lit(event), F.col("visitor_id"))).alias(name)
        for name, event in _INTEREST.items()
    )
    return events.groupBy(_month("_day"), "product_id").agg(*visitors)


def _month(day: str) -> Column:
    return F.trunc(F.col(day), "month").cast("date").alias("month_start")


def _padded(rows: DataFrame, kinds: dict[str, str]) -> DataFrame:
    """Put zeros where `rows` has no such column."""
    measures = ((F.col(name) if name in rows.columns else F.lit(0)).cast(kind) for name, kind in kinds.items())
    return rows.select(*_KEY, *(measure.alias(name) for name, measure in zip(kinds, measures, strict=True)))
