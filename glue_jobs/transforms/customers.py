"""Customer marts as pure functions of orders: months, RFM scores, segments, lifetime value.

An order counts when it was not cancelled. Amounts are in the reporting currency, days and months UTC.
"""

from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.money import MONEY, cents, quotient
from glue_jobs.transforms.people import as_of, is_known, sold_months
from glue_jobs.transforms.segments import segment_name

_COUNTS: Final = ("orders", "cancelled_orders", "units")
_AMOUNTS: Final = ("net_reporting", "returned_reporting", "revenue_reporting", "cost_reporting")
_SCORES: Final = {
    # A later last order, more orders, more revenue: higher is better in all three.
    "recency_score": "last_order_date",
    "frequency_score": "frequency",
    "monetary_score": "monetary",
}


def customer_months(fct_orders: DataFrame) -> DataFrame:
    """Sum the orders of a customer record per calendar month; those of unknown customers are left out.

    Months with nothing but cancelled orders are kept, with zeros and null dates.

    - `revenue_reporting` = net_reporting - returned_reporting; `margin_reporting` = revenue_reporting - cost_reporting.
    - `order_day_bits`: bit d - 1 is set when something was ordered on day d. Two records of one person may order on
      the same day, so counts of days cannot be added up; bits can be or-ed.
    - `first_day_revenue`: the revenue of `first_order_date`.
    """
    sold_on = F.when(F.col("orders") > F.lit(0), F.col("order_date"))
    day_bit = F.pow(F.lit(2), F.dayofmonth(sold_on) - F.lit(1)).cast("bigint")
    month_start = F.trunc(F.col("order_date"), "month").cast("date")
    months = (
        _customer_days(fct_orders)
        .groupBy(month_start.alias("month_start"), "customer_id")
        .agg(
            *(F.sum(name).cast("bigint").alias(name) for name in _COUNTS),
            *(F.sum(name).cast(MONEY).alias(name) for name in _AMOUNTS),
            F.min(sold_on).alias("first_order_date"),
            F.max(sold_on).alias("last_order_date"),
            F.min("first_ordered_at").alias("first_ordered_at"),
            _sum_or_zero(day_bit, "bigint").alias("order_day_bits"),
            F.min_by(F.col("revenue_reporting"), sold_on).alias("first_day_revenue"),
        )
    )
    return months.select(
        *("month_start", "customer_id", *_COUNTS, *_AMOUNTS),
        (F.col("revenue_reporting") - F.col("cost_reporting")).cast(MONEY).alias("margin_reporting"),
        *("first_order_date", "last_order_date", "first_ordered_at", "order_day_bits"),
        F.coalesce(F.col("first_day_revenue"), F.lit(0)).cast(MONEY).alias("first_day_revenue"),
    )


def customer_rfm(customer_months: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Score recency, frequency and monetary value of every customer from 1 to 5, by quintiles of all customers.

    score = 1 + floor(5 * below / n), with `below` the customers whose value is strictly lower and `n` all customers.

    Hughes, Strategic Database Marketing, sorts the customers and cuts the list into five equal parts, as NTILE(5)
    does. That puts equal customers into different parts, by the order they happen to be in. Here equal values have
    equal scores, so the parts may differ in size: where most customers bought once, all of them have a frequency of 1.
    """
    customers = (
        sold_months(customer_months, customer_identities)
        .groupBy("golden_customer_id")
        .agg(
            F.max("last_order_date").alias("last_order_date"),
            F.sum("orders").cast("bigint").alias("frequency"),
            F.sum("revenue_reporting").cast(MONEY).alias("monetary"),
        )
    )
    scored = customers
    for score, measure in _SCORES.items():
        scored = scored.join(_quintiles(customers, measure, score), on=measure, how="inner")
    return scored.crossJoin(as_of(customer_months)).select(
        *("golden_customer_id", "as_of_date", "last_order_date"),
        F.datediff(F.col("as_of_date"), F.col("last_order_date")).cast("int").alias("recency_days"),
        *("frequency", "monetary", *_SCORES),
        F.concat(*(F.col(score).cast("string") for score in _SCORES)).alias("rfm_score"),
    )


def customer_segments(customer_rfm: DataFrame) -> DataFrame:
    """Give every scored customer the one segment its scores belong to; `segments` has the rules."""
    return customer_rfm.select(
        "golden_customer_id",
        segment_name().alias("segment"),
        *(*_SCORES, "rfm_score", "as_of_date", "last_order_date", "frequency"),
        F.col("monetary").alias("revenue_reporting"),
    )


def customer_ltv(customer_months: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Sum revenue, cost and margin of every customer so far, with the inputs of models of customer lifetime value.

    The inputs are those of Fader, Hardie and Lee, "Counting Your Customers" the Easy Way (2005), with the orders
    of one day taken as one purchase, as `rfm_summary` of pymc-marketing does:

    - `frequency`: days with an order, without the first;
    - `recency_days`: days from the first order to the last;
    - `tenure_days`: days from the first order to `as_of_date`, their T;
    - `monetary_value`: mean revenue of those `frequency` days; 0 when there are none.

    Both means are rounded half away from zero to the cent.
    """
    customers = (
        _purchase_months(sold_months(customer_months, customer_identities))
        .groupBy("golden_customer_id")
        .agg(
            F.min("first_order_date").alias("first_order_date"),
            F.max("last_order_date").alias("last_order_date"),
            F.count(F.lit(1)).alias("active_months"),
            *(F.sum(name).cast("bigint").alias(name) for name in ("orders", "order_days", "units")),
            *(F.sum(name).cast(MONEY).alias(name) for name in (*_AMOUNTS, "_first_day_revenue")),
        )
    )
    in_cents = customers.select(
        "*",
        cents("revenue_reporting").alias("_revenue"),
        (cents("revenue_reporting") - cents("_first_day_revenue")).alias("_repeat_revenue"),
    )
    return in_cents.crossJoin(as_of(customer_months)).select(
        *("golden_customer_id", "as_of_date", "first_order_date", "last_order_date"),
        F.datediff(F.col("as_of_date"), F.col("first_order_date")).cast("int").alias("tenure_days"),
        *("active_months", "orders"),
        (F.col("orders") - F.lit(1)).cast("bigint").alias("repeat_orders"),
        *("order_days", "units", *_AMOUNTS),
        (F.col("revenue_reporting") - F.col("cost_reporting")).cast(MONEY).alias("margin_reporting"),
        quotient("_revenue", "orders", 2).alias("average_order_value"),
        (F.col("order_days") - F.lit(1)).cast("bigint").alias("frequency"),
        F.datediff(F.col("last_order_date"), F.col("first_order_date")).cast("int").alias("recency_days"),
        F.coalesce(quotient("_repeat_revenue", "order_days - 1", 2), F.lit(0)).cast(MONEY).alias("monetary_value"),
    )


def _customer_days(fct_orders: DataFrame) -> DataFrame:
    """Sum the orders of a customer record per day."""
    is_sold = F.col("order_status") != F.lit("cancelled")
    sums = {
        "net_reporting": F.col("net_reporting"),
        "returned_reporting": F.col("returned_reporting"),
        "revenue_reporting": F.col("net_reporting") - F.col("returned_reporting"),
        "cost_reporting": F.col("cost_reporting"),
    }
    return (
        fct_orders.where(is_known())
        .groupBy("customer_id", "order_date")
        .agg(
            F.count(F.when(is_sold, F.lit(1))).alias("orders"),
            F.count(F.when(~is_sold, F.lit(1))).alias("cancelled_orders"),
            _sum_or_zero(F.when(is_sold, F.col("units")), "bigint").alias("units"),
            *(_sum_or_zero(F.when(is_sold, amount), MONEY).alias(name) for name, amount in sums.items()),
            F.min(F.when(is_sold, F.col("ordered_at"))).alias("first_ordered_at"),
        )
    )


def _purchase_months(sold: DataFrame) -> DataFrame:
    """Sum the records of a customer per month; days on which several of them ordered count once."""
    first_ever = F.min("first_order_date").over(Window.partitionBy("golden_customer_id"))
    of_first_day = F.when(F.col("first_order_date") == F.col("_first_ever"), F.col("first_day_revenue"))
    return (
        sold.withColumn("_first_ever", first_ever)
        .groupBy("golden_customer_id", "month_start")
        .agg(
            F.min("first_order_date").alias("first_order_date"),
            F.max("last_order_date").alias("last_order_date"),
            F.bit_count(F.bit_or(F.col("order_day_bits"))).cast("bigint").alias("order_days"),
            *(F.sum(name).alias(name) for name in ("orders", "units", *_AMOUNTS)),
            _sum_or_zero(of_first_day, MONEY).alias("_first_day_revenue"),
        )
    )


def _quintiles(customers: DataFrame, measure: str, score: str) -> DataFrame:
    """Return the score of every value of `measure`. Ranks values, so that no task has to sort all customers."""
    values = customers.groupBy(measure).agg(F.count(F.lit(1)).alias("_customers"))
    ascending = Window.orderBy(measure)
    lower = ascending.rowsBetween(Window.unboundedPreceding, -1)
    everyone = ascending.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    ranked = values.select(
        measure,
        F.coalesce(F.sum("_customers").over(lower), F.lit(0)).alias("_below"),
        F.sum("_customers").over(everyone).alias("_all"),
    )
    # 1 + floor(5 * below / all) without a division.
    fifths = (F.when(F.lit(5) * F.col("_below") >= F.lit(k) * F.col("_all"), 1).otherwise(0) for k in range(1, 5))
    return ranked.select(measure, sum(fifths, start=F.lit(1)).cast("int").alias(score))


def _sum_or_zero(values: Column, kind: str) -> Column:
    return F.coalesce(F.sum(values), F.lit(0)).cast(kind)
