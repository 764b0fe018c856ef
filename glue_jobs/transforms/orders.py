"""Order lines in the reporting currency with their cost, and orders. Nothing here reads, writes or counts.

Amounts ending in `_reporting` are in the reporting currency, which the contract names. Days are UTC.
"""

from collections.abc import Sequence
from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.feeds.orders import ORDER_LINE
from glue_jobs.transforms.feeds.precedence import first_by_precedence
from glue_jobs.transforms.money import MONEY, RATE_UNITS, cents, converted, cross_rate, exchanged, rate_units

EURO: Final = "EUR"
"""The currency of which rates are quoted, and in which products are bought."""
PROGRESS: Final = ("placed", "paid", "shipped", "delivered")
"""Statuses of a line on its way to the customer, the least advanced first."""

_RATE: Final = "decimal(18,8)"
_CONVERTED: Final = ("gross", "discount", "tax")
_OF_THE_ORDER: Final = ("customer_id", "channel", "payment_method", "country_code", "currency")


def order_lines(  # noqa: PLR0913 - one for each table
    transactions: DataFrame,
    shop_order_lines: DataFrame,
    fx_rates: DataFrame,
    products: DataFrame,
    *,
    precedence: Sequence[str],
    currency: str,
) -> DataFrame:
    """Convert order lines to the reporting currency `currency` and add their cost.

    One row per line of `transactions` and of shops:

    - An order that both have, by `order_id` and UTC day, is taken from the first of them in `precedence`.
    - Rates (`fx_rates`: units of a currency for one euro) are the last known on or before the order date. That of
      euros is 1. Before the first rate of the line's or of the reporting currency, what it is needed for is null.
    - Gross, discount and tax are each divided by the rate of their currency, multiplied by that of the reporting
      currency and then rounded once, half up to the cent. Amounts in the reporting currency stay as they are. Net is
      the difference of the rounded amounts, so that net = gross - discount holds in the reporting currency too.
    - `fx_rate` is the quotient of the two rates, rounded half up to eight digits, and 1 for the reporting currency.
      `fx_rate_date` is the older of their days, and the order date for the reporting currency.
    - `unit_cost`, in euros, is that of the last version of the product that is not newer than `ordered_at`, null before
      the first. `cost_reporting` is quantity * unit_cost, converted as an amount in euros.
    """
    made = {
        "order_date": F.to_date(F.col("ordered_at")),
        "gross_amount": (F.col("quantity") * F.col("unit_price")).cast(MONEY),
        **{name: F.col(name).cast(MONEY) for name in ("discount_amount", "tax_amount")},
    }
    lines = {
        "transactions": transactions.select(*(made.get(name, F.col(name)).alias(name) for name in ORDER_LINE)),
        "shop_order_lines": shop_order_lines.select(*(F.col(name) for name in ORDER_LINE)),
    }
    every = first_by_precedence(lines, precedence, "order_id", "order_date")
    rated = _with_rate(every, fx_rates, currency)
    return _with_sums(_with_cost(rated, products), currency)


def _with_rate(lines: DataFrame, fx_rates: DataFrame, currency: str) -> DataFrame:
    in_euros = F.col("currency") == F.lit(EURO)
    rates = _rates_of_days(lines.where(~in_euros).select("currency", "order_date"), fx_rates)
    # Names of their own: in an expression right after a join on names, SQLFrame takes the column of the right side.
    is_of_day = (F.col("currency") == F.col("_currency")) & (F.col("order_date") == F.col("_day"))
    rated = lines.join(rates, on=is_of_day, how="left").select(
        *(F.col(name) for name in lines.columns),
        F.when(in_euros, F.col("order_date")).otherwise(F.col("_rate_date")).alias("fx_rate_date"),
        F.when(in_euros, F.lit(1).cast(_RATE)).otherwise(F.col("_rate")).cast(_RATE).alias("fx_rate"),
    )
    return rated if currency == EURO else _with_cross_rate(rated, lines, fx_rates, currency)


def _with_cross_rate(rated: DataFrame, lines: DataFrame, fx_rates: DataFrame, currency: str) -> DataFrame:
    """Turn units for one euro into units for one of the reporting currency. Adds `_own` and `_times`, the two rates."""
    of_reporting = fx_rates.where(F.col("currency") == F.lit(currency))
    days = lines.select(F.lit(currency).alias("currency"), "order_date")
    rates = _rates_of_days(days, of_reporting).select(
        F.col("_day").alias("_reporting_day"), F.col("_rate_date").alias("_reporting_date"), F.col("_rate")
    )
    with_units = rated.join(rates, on=F.col("order_date") == F.col("_reporting_day"), how="left").select(
        *(F.col(name) for name in lines.columns),
        F.col("fx_rate_date").alias("_own_date"),
        *("_reporting_date", rate_units("fx_rate").alias("_own"), rate_units("_rate").alias("_times")),
    )
    is_reporting = F.col("currency") == F.lit(currency)
    both = F.col("_own_date").isNotNull() & F.col("_reporting_date").isNotNull()
    older = F.when(both, F.least("_own_date", "_reporting_date"))
    crossed = F.when(is_reporting, F.lit(1).cast(_RATE)).otherwise(cross_rate("_own", "_times"))
    return with_units.select(
        *(F.col(name) for name in lines.columns),
        F.when(is_reporting, F.col("order_date")).otherwise(older).alias("fx_rate_date"),
        crossed.cast(_RATE).alias("fx_rate"),
        *("_own", "_times"),
    )


def _rates_of_days(days: DataFrame, fx_rates: DataFrame) -> DataFrame:
    """Return the last known rate of each `currency` and `order_date`: _currency, _day, _rate_date, _rate.

    Sorts the few days that occur in between the rates, so that each line is joined to one rate only.
    """
    rates = fx_rates.select("currency", F.col("rate_date").alias("_rate_date"), F.col("rate").alias("_rate"))
    of_days = days.select(
        F.col("currency").alias("_currency"),
        F.col("order_date").alias("_day"),
        F.lit(None).cast("date").alias("_last"),
    )
    of_rates = fx_rates.select(
        F.col("currency").alias("_currency"), F.col("rate_date").alias("_day"), F.col("rate_date").alias("_last")
    )
    timeline = of_days.unionByName(of_rates).groupBy("_currency", "_day").agg(F.max("_last").alias("_last"))
    so_far = Window.partitionBy("_currency").orderBy("_day")
    last_known = timeline.select("_currency", "_day", F.max("_last").over(so_far).alias("_last"))
    is_last = (F.col("_currency") == F.col("currency")) & (F.col("_last") == F.col("_rate_date"))
    return last_known.join(rates, on=is_last, how="inner").select("_currency", "_day", "_rate_date", "_rate")


def _with_cost(lines: DataFrame, products: DataFrame) -> DataFrame:
    versions = Window.partitionBy("product_id").orderBy("updated_at")
    costs = products.select(
        F.col("product_id").alias("_product_id"),
        F.col("unit_cost").cast("decimal(12,2)").alias("unit_cost"),
        F.col("updated_at").alias("_from"),
        F.lead("updated_at").over(versions).alias("_until"),
    )
    is_of_product = F.col("product_id") == F.col("_product_id")
    has_begun = F.col("_from") <= F.col("ordered_at")
    is_not_over = F.col("_until").isNull() | (F.col("ordered_at") < F.col("_until"))
    joined = lines.join(costs, on=is_of_product & has_begun & is_not_over, how="left")
    return joined.select(*(F.col(name) for name in lines.columns), F.col("unit_cost"))


def _with_sums(lines: DataFrame, currency: str) -> DataFrame:
    in_units = lines.select(
        "*",
        (F.col("gross_amount") - F.col("discount_amount")).cast(MONEY).alias("net_amount"),
        *_units_for(currency),
        *(cents(f"{name}_amount").alias(f"_{name}") for name in _CONVERTED),
    )
    reporting = (_reporting(name, currency).alias(f"{name}_reporting") for name in _CONVERTED)
    in_reporting = in_units.select("*", *reporting).select(
        "*",
        (F.col("gross_reporting") - F.col("discount_reporting")).cast(MONEY).alias("net_reporting"),
        _cost(currency).alias("cost_reporting"),
    )
    return in_reporting.select(
        *("order_date", "order_id", "line_number", "ordered_at", "customer_id", "product_id", "order_status"),
        (F.col("order_status") != F.lit("cancelled")).alias("is_sold"),
        (F.col("order_status") == F.lit("refunded")).alias("is_returned"),
        *("channel", "payment_method", "country_code", "currency", "quantity"),
        *("gross_amount", "discount_amount", "net_amount", "tax_amount"),
        (F.col("net_amount") + F.col("tax_amount")).cast(MONEY).alias("line_total"),
        *("fx_rate_date", "fx_rate", "gross_reporting", "discount_reporting", "net_reporting", "tax_reporting"),
        *("unit_cost", "cost_reporting"),
        (F.col("net_reporting") - F.col("cost_reporting")).cast(MONEY).alias("margin_reporting"),
    )


def _units_for(currency: str) -> tuple[Column, ...]:
    if currency == EURO:
        return (rate_units("fx_rate").alias("_rate"),)
    return ((F.col("quantity").cast("bigint") * cents("unit_cost")).alias("_cost"),)


def _reporting(name: str, currency: str) -> Column:
    # Most lines are in the reporting currency, and need no division.
    is_reporting = F.col("currency") == F.lit(currency)
    other = converted(f"_{name}", "_rate") if currency == EURO else exchanged(f"_{name}", "_own", "_times")
    return F.when(is_reporting, F.col(f"{name}_amount")).otherwise(other).cast(MONEY)


def _cost(currency: str) -> Column:
    if currency == EURO:
        return (F.col("quantity") * F.col("unit_cost")).cast(MONEY)
    return exchanged("_cost", str(RATE_UNITS), "_times")


def fct_orders(order_lines: DataFrame) -> DataFrame:
    """Sum order lines per order, as the contract `fct_orders` says; cancelled lines are counted and are in no sum.

    `order_status`: cancelled when all lines are, returned when all sold lines are, partly_returned when some are, else
    the least advanced of the sold lines. Where the lines of an order differ in customer, channel, payment method,
    country or currency, the values of the line with the smallest number are taken.
    """
    is_sold, is_returned = F.col("is_sold"), F.col("is_returned")
    is_converted = F.col("net_reporting").isNotNull()
    sums = order_lines.groupBy("order_date", "order_id").agg(
        F.min("ordered_at").alias("ordered_at"),
        *(F.min_by(F.col(name), F.col("line_number")).alias(name) for name in _OF_THE_ORDER),
        F.count(F.when(is_sold, F.lit(1))).alias("order_lines"),
        F.count(F.when(~is_sold, F.lit(1))).alias("cancelled_lines"),
        F.count(F.when(is_returned, F.lit(1))).alias("returned_lines"),
        F.count(F.when(is_sold & ~is_converted, F.lit(1))).alias("unconverted_lines"),
        F.min(F.when(is_sold, _progress())).alias("_progress"),
        _total(is_sold, "quantity", "bigint").alias("units"),
        *(_total(is_sold, f"{name}_amount").alias(f"{name}_amount") for name in ("gross", "discount", "net", "tax")),
        _total(is_sold, "line_total").alias("order_total"),
        _total(is_returned, "net_amount").alias("returned_amount"),
        _total(is_sold, "net_reporting").alias("net_reporting"),
        _total(is_returned, "net_reporting").alias("returned_reporting"),
        _total(is_sold & is_converted, "cost_reporting").alias("cost_reporting"),
    )
    return sums.select(
        *("order_date", "order_id", "ordered_at", "customer_id", _order_status().alias("order_status")),
        *("channel", "payment_method", "country_code", "currency"),
        *("order_lines", "cancelled_lines", "returned_lines", "unconverted_lines", "units"),
        *("gross_amount", "discount_amount", "net_amount", "tax_amount", "order_total", "returned_amount"),
        *("net_reporting", "returned_reporting", "cost_reporting"),
    )


def _total(condition: Column, name: str, kind: str = MONEY) -> Column:
    return F.coalesce(F.sum(F.when(condition, F.col(name))), F.lit(0)).cast(kind)


def _progress() -> Column:
    places = enumerate(PROGRESS)
    return F.coalesce(*(F.when(F.col("order_status") == F.lit(status), F.lit(place)) for place, status in places))


def _order_status() -> Column:
    least_advanced = (F.when(F.col("_progress") == F.lit(place), F.lit(name)) for place, name in enumerate(PROGRESS))
    return (
        F.when(F.col("order_lines") == F.lit(0), F.lit("cancelled"))
        .when(F.col("returned_lines") == F.col("order_lines"), F.lit("returned"))
        .when(F.col("returned_lines") > F.lit(0), F.lit("partly_returned"))
        .otherwise(F.coalesce(*least_advanced))
    )
