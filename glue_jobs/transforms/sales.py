"""Sales by day, week and month as pure functions of processed.order_lines. Amounts `_reporting`: reporting currency."""

from typing import Final

from cartlake.engine import Column, DataFrame, F
from glue_jobs.transforms.measures import counts, is_converted, reporting_amounts, total
from glue_jobs.transforms.money import cents, quotient

_PLACE: Final = ("channel", "country_code")


def sales_daily(order_lines: DataFrame) -> DataFrame:
    """Sum order lines per UTC day, channel, country and currency, as the contract `sales_daily` says.

    Cancelled lines are counted and are in no sum. Amounts that do not end in `_reporting` are in `currency`.
    """
    is_sold, numbers = F.col("is_sold"), counts()
    measures = {
        **{name: numbers.pop(name) for name in ("orders", "order_lines", "units")},
        "gross_revenue": total(is_sold, "gross_amount"),
        "discounts": total(is_sold, "discount_amount"),
        "taxes": total(is_sold, "tax_amount"),
        "net_revenue": total(is_sold, "net_amount"),
        "cancelled_lines": numbers.pop("cancelled_lines"),
        "refunded_lines": numbers.pop("returned_lines"),
        "customers": numbers.pop("customers"),
        "returned_revenue": total(F.col("is_returned"), "net_amount"),
        **numbers,
        **reporting_amounts(),
    }
    return order_lines.groupBy("order_date", *_PLACE, "currency").agg(*_named(measures))


def sales_weekly(order_lines: DataFrame) -> DataFrame:
    """Sum order lines per ISO 8601 week, channel and country: `week_start`, its ISO year and week, measures.

    A week begins on Monday, and belongs to the ISO year that its Thursday is in.
    """
    monday = F.trunc(F.col("order_date"), "week").cast("date")
    weeks = _by_period(order_lines, monday, "week_start")
    thursday = F.date_add(F.col("week_start"), 3)
    return weeks.select(
        "week_start",
        F.year(thursday).cast("int").alias("iso_year"),
        F.weekofyear(F.col("week_start")).cast("int").alias("iso_week"),
        *(F.col(name) for name in weeks.columns[1:]),
    )


def sales_monthly(order_lines: DataFrame) -> DataFrame:
    """Sum order lines per calendar month (`month_start`), channel and country, in the reporting currency."""
    return _by_period(order_lines, F.trunc(F.col("order_date"), "month").cast("date"), "month_start")


def _by_period(order_lines: DataFrame, period: Column, name: str) -> DataFrame:
    """`average_order_value` is net_reporting / converted_orders to the cent, rounded half up; null without orders."""
    converted_orders = F.countDistinct(F.when(F.col("is_sold") & is_converted(), F.col("order_id")))
    measures = {**counts(), "converted_orders": converted_orders, **reporting_amounts()}
    sums = order_lines.groupBy(period.alias(name), *_PLACE).agg(*_named(measures))
    return sums.withColumn("_net", cents("net_reporting")).select(
        *(F.col(column) for column in (name, *_PLACE, *measures)),
        quotient("_net", "converted_orders", 2).alias("average_order_value"),
    )


def _named(measures: dict[str, Column]) -> list[Column]:
    return [measure.alias(name) for name, measure in measures.items()]
