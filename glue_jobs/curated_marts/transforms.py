"""Marts as pure functions of the processed tables. Nothing here reads, writes or counts."""

from datetime import datetime

from cartlake.engine import Column, DataFrame, F
from cartlake.times import stamp

_MONEY = "decimal(18,2)"


def sales_daily(lines: DataFrame, run_id: str, updated_at: datetime) -> DataFrame:
    """Sum order lines per UTC day, channel, country and currency, as the contract `sales_daily` says.

    `lines` are rows of processed.transactions. Cancelled lines are counted and are in no sum.
    """
    sold = F.col("order_status") != F.lit("cancelled")
    gross = F.sum(F.when(sold, F.col("quantity") * F.col("unit_price")))
    discounts = F.sum(F.when(sold, F.col("discount_amount")))
    sums = lines.groupBy(
        F.to_date(F.col("ordered_at")).alias("order_date"), F.col("channel"), F.col("country_code"), F.col("currency")
    ).agg(
        F.countDistinct(F.when(sold, F.col("order_id"))).alias("orders"),
        F.count(F.when(sold, F.lit(1))).alias("order_lines"),
        _or_zero(F.sum(F.when(sold, F.col("quantity"))), "bigint").alias("units"),
        _or_zero(gross, _MONEY).alias("gross_revenue"),
        _or_zero(discounts, _MONEY).alias("discounts"),
        _or_zero(F.sum(F.when(sold, F.col("tax_amount"))), _MONEY).alias("taxes"),
        F.count(F.when(~sold, F.lit(1))).alias("cancelled_lines"),
        F.count(F.when(F.col("order_status") == F.lit("refunded"), F.lit(1))).alias("refunded_lines"),
        F.countDistinct(F.when(sold, F.col("customer_id"))).alias("customers"),
    )
    return sums.select(
        *("order_date", "channel", "country_code", "currency", "orders", "order_lines", "units"),
        *("gross_revenue", "discounts", "taxes"),
        (F.col("gross_revenue") - F.col("discounts")).cast(_MONEY).alias("net_revenue"),
        *("cancelled_lines", "refunded_lines", "customers"),
        F.lit(stamp(updated_at)).cast("timestamp").alias("_updated_at"),
        F.lit(run_id).alias("_run_id"),
    )


def _or_zero(total: Column, kind: str) -> Column:
    return F.coalesce(total, F.lit(0)).cast(kind)
