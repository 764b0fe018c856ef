"""Shared by the tables about customers: which records are one customer, and the day their values are as of.

Customers are people, not records: processed.customer_identities gives the records of one person one
`golden_customer_id`. A record it does not know is a customer of its own, under its `customer_id`.
"""

from typing import Final

from cartlake.engine import Column, DataFrame, F

UNKNOWN_CUSTOMER: Final = "CUS-UNKNOWN"
"""The customer of an order whose source does not tell. They are many, so they are in no table or count of customers."""


def is_known() -> Column:
    """Return whether it is known who bought."""
    return F.col("customer_id") != F.lit(UNKNOWN_CUSTOMER)


def sold_months(customer_months: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Return the months in which a record has orders that count, with the `golden_customer_id` of the person."""
    identities = customer_identities.select("customer_id", F.col("golden_customer_id").alias("_golden"))
    sold = customer_months.where(F.col("orders") > F.lit(0)).join(identities, on="customer_id", how="left")
    return sold.withColumn("golden_customer_id", F.coalesce(F.col("_golden"), F.col("customer_id")))


def as_of(customer_months: DataFrame) -> DataFrame:
    """Return one row: the last day with an order that counts, as `as_of_date`.

    It is taken from the orders and not from a clock: the same orders give the same tables whenever they are computed.
    """
    return customer_months.agg(F.max("last_order_date").alias("as_of_date"))
