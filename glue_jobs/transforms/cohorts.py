"""The mart cohort_retention as a pure function: how many customers buy again after the month of their first order."""

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.money import MONEY, quotient
from glue_jobs.transforms.people import as_of, sold_months


def cohort_retention(customer_months: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Follow the customers of each month of first order: how many buy, and how much, in every month since.

    Every cohort has a row for every month up to the month of the last order of all, with zeros for months without any.
    retention_rate = active_customers / customers, rounded half up to 4 digits. Revenue in the reporting currency.
    """
    ages = _by_age(sold_months(customer_months, customer_identities))
    until = _month_number("as_of_date") - _month_number("cohort_month")
    dense = _without_gaps(ages.crossJoin(as_of(customer_months)).withColumn("_until", until))
    so_far = Window.partitionBy("cohort_month").orderBy("months_since").rowsBetween(Window.unboundedPreceding, 0)
    # A step of its own: SQLFrame drops the cast of a cast to another decimal.
    rated = dense.withColumn("_rate", quotient("10000 * active_customers", "customers", 4))
    return rated.select(
        *("cohort_month", "months_since", "customers", "active_customers"),
        F.col("_rate").cast("decimal(5,4)").alias("retention_rate"),
        *("orders", "revenue_reporting"),
        F.sum("revenue_reporting").over(so_far).cast(MONEY).alias("cumulative_revenue"),
    )


def _by_age(sold: DataFrame) -> DataFrame:
    """Sum per cohort and month since; only months with orders."""
    first_month = F.min("month_start").over(Window.partitionBy("golden_customer_id"))
    # Records of one person may both have bought in a month: one active customer.
    active = (
        sold.withColumn("cohort_month", first_month)
        .groupBy("golden_customer_id", "cohort_month", "month_start")
        .agg(F.sum("orders").alias("orders"), F.sum("revenue_reporting").alias("revenue_reporting"))
    )
    months_since = _month_number("month_start") - _month_number("cohort_month")
    return active.groupBy("cohort_month", months_since.alias("months_since")).agg(
        F.count(F.lit(1)).alias("active_customers"),
        F.sum("orders").alias("orders"),
        F.sum("revenue_reporting").alias("revenue_reporting"),
    )


def _without_gaps(ages: DataFrame) -> DataFrame:
    """Repeat every row of a cohort, emptied, for the months until its next row, or until `_until` after the last.

    Filling gaps row by row saves a join with a calendar, which would compute `ages` a second time.
    """
    by_age = Window.partitionBy("cohort_month").orderBy("months_since")
    spans = ages.select(
        *("cohort_month", "months_since", "active_customers", "orders", "revenue_reporting"),
        # All customers of a cohort are active in its first month.
        F.first("active_customers").over(by_age).alias("customers"),
        F.coalesce(F.lead("months_since").over(by_age) - F.lit(1), F.col("_until")).alias("_last"),
    )
    filled = spans.select("*", F.explode(F.sequence(F.col("months_since"), F.col("_last"))).alias("_age"))
    is_active = F.col("_age") == F.col("months_since")
    kinds = {"active_customers": "bigint", "orders": "bigint", "revenue_reporting": MONEY}
    return filled.select(
        "cohort_month",
        F.col("_age").cast("int").alias("months_since"),
        F.col("customers").cast("bigint").alias("customers"),
        *(F.when(is_active, F.col(name)).otherwise(F.lit(0)).cast(kind).alias(name) for name, kind in kinds.items()),
    )


def _month_number(date: str) -> Column:
    """Return the months since year 0, so that the difference of two is the months between them."""
    return F.year(F.col(date)) * F.lit(12) + F.month(F.col(date))
