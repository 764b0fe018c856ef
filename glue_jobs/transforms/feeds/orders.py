"""Order lines of shop systems and warehouses in one form. Nothing here reads, writes or counts.

What a table does not say of an order is said to be unknown, so that no row is lost for it. Amounts are in the currency
of the order.
"""

from collections.abc import Sequence
from typing import Final

from cartlake.engine import Column, DataFrame, F
from glue_jobs.transforms.feeds.precedence import first_by_precedence
from glue_jobs.transforms.feeds.sharing import of_order, with_shares
from glue_jobs.transforms.money import MONEY, amount, cents
from glue_jobs.transforms.people import UNKNOWN_CUSTOMER
from glue_jobs.transforms.products import UNKNOWN, UNKNOWN_COUNTRY, UNKNOWN_PRODUCT

ORDER_LINE: Final = (
    *("order_date", "order_id", "line_number", "ordered_at", "customer_id", "product_id", "order_status", "channel"),
    *("payment_method", "country_code", "currency", "quantity", "gross_amount", "discount_amount", "tax_amount"),
)
"""The columns of an order line, whichever table it comes from."""

WOOCOMMERCE_PREFIX: Final = "woocommerce-"
"""WooCommerce counts orders from 1, as other systems do."""

DAYS_AROUND: Final = 1
"""Systems that tell the time of an order in different zones put it on neighbouring days."""

STATUSES: Final = {
    "paid": ("paid", "processing", "captured"),
    "shipped": ("shipped", "fulfilled", "dispatched", "in_transit"),
    "delivered": ("delivered", "completed", "complete", "closed"),
    "cancelled": ("cancelled", "canceled", "voided", "void", "failed", "expired"),
    "refunded": ("refunded", "returned"),
}
"""Words of shops for where an order stands. Any other word is that of an order that was placed."""

_COMMON: Final = ("order_id", "order_date", "line_number", "ordered_at", "currency", "quantity")


def shop_order_lines(
    snowflake_orders: DataFrame, shopify_orders: DataFrame, woocommerce_orders: DataFrame, *, precedence: Sequence[str]
) -> DataFrame:
    """Return the lines of all shops: the columns of ORDER_LINE, and `source_table`. Lines without units are left out.

    An order that several tables have is taken from the first of them in `precedence`, whole. It is the same order when
    it has the same `order_id`, on the same day or one next to it.
    """
    lines = {
        "snowflake_orders": _snowflake(snowflake_orders),
        "shopify_orders": _shopify(shopify_orders),
        "woocommerce_orders": _woocommerce(woocommerce_orders),
    }
    named = {name: _in_one_form(shop, f"processed.{name}") for name, shop in lines.items()}
    return first_by_precedence(named, precedence, "order_id", "order_date", DAYS_AROUND)


def _snowflake(orders: DataFrame) -> DataFrame:
    lines = _sold(orders, "ordered_at").select(
        *_COMMON,
        F.coalesce(F.col("customer_reference"), F.lit(UNKNOWN_CUSTOMER)).alias("customer_id"),
        F.col("sku").alias("product_id"),
        _status(F.col("order_status")).alias("order_status"),
        F.lit("snowflake").alias("channel"),
        F.lit(UNKNOWN).alias("payment_method"),
        F.round(F.col("quantity") * F.col("unit_price"), 2).cast(MONEY).alias("_amount"),
        _cents("discount_amount").alias("_line_discount"),
    )
    return lines.select(
        "*",
        cents("_amount").alias("_gross"),
        F.least(cents("_amount"), F.col("_line_discount")).alias("_discount"),
        F.lit(0).alias("_tax"),
    )


def _shopify(orders: DataFrame) -> DataFrame:
    """Spread discounts and taxes of an order over its lines.

    The discount of an order is what its lines come to, less its subtotal. Prices hold the taxes already when the total
    is no more than subtotal and shipping; then they are taken out of the prices.
    """
    holds_taxes = F.col("order_total") <= F.col("order_subtotal") + F.coalesce(F.col("order_shipping"), F.lit(0))
    lines = _sold(orders, "created_at").select(
        *_COMMON,
        F.lit(UNKNOWN_CUSTOMER).alias("customer_id"),
        F.coalesce(F.col("sku"), F.lit(UNKNOWN_PRODUCT)).alias("product_id"),
        _shopify_status().alias("order_status"),
        F.lit("shopify").alias("channel"),
        F.coalesce(F.col("payment_method"), F.lit(UNKNOWN)).alias("payment_method"),
        (cents("unit_price") * F.col("quantity")).cast("bigint").alias("_price"),
        _cents("line_discount").alias("_line_discount"),
        _cents("order_discount").alias("_order_discount"),
        cents("order_subtotal").alias("_subtotal"),
        _cents("order_taxes").alias("_order_taxes"),
        holds_taxes.alias("_holds_taxes"),
    )
    by_subtotal = of_order("_price") - of_order("_line_discount") - F.col("_subtotal")
    to_share = lines.select(
        "*",
        _not_negative(F.coalesce(by_subtotal, F.col("_order_discount"))).alias("_shared_discount"),
        _not_negative(F.col("_price") - F.col("_line_discount")).alias("_before"),
    )
    discounted = with_shares(to_share, "_shared_discount", "_before", "_share")
    net = discounted.select("*", _not_negative(F.col("_before") - F.col("_share")).alias("_net"))
    taxed = with_shares(net, "_order_taxes", "_net", "_taxes")
    inside = F.when(F.col("_holds_taxes"), F.least(F.col("_taxes"), F.col("_net"))).otherwise(F.lit(0))
    return taxed.select(
        "*",
        (F.col("_price") - inside).alias("_gross"),
        (F.col("_price") - F.col("_net")).alias("_discount"),
        F.when(F.col("_holds_taxes"), inside).otherwise(F.col("_taxes")).alias("_tax"),
    )


def _woocommerce(orders: DataFrame) -> DataFrame:
    """Spread the taxes of an order over its items; discounts are those of the items."""
    lines = _sold(orders, "created_at").select(
        F.concat(F.lit(WOOCOMMERCE_PREFIX), F.col("order_id")).alias("order_id"),
        F.col("item_number").alias("line_number"),
        *("order_date", "ordered_at", "currency", "quantity"),
        F.lit(UNKNOWN_CUSTOMER).alias("customer_id"),
        F.coalesce(F.col("sku"), F.col("product_id"), F.lit(UNKNOWN_PRODUCT)).alias("product_id"),
        _status(F.col("status")).alias("order_status"),
        F.lit("woocommerce").alias("channel"),
        F.coalesce(F.col("payment_method"), F.lit(UNKNOWN)).alias("payment_method"),
        F.coalesce(cents("item_total"), cents("item_subtotal"), F.lit(0)).cast("bigint").alias("_net"),
        _cents("item_subtotal").alias("_subtotal"),
        _cents("order_taxes").alias("_order_taxes"),
    )
    gross = F.greatest(F.col("_net"), F.col("_subtotal"))
    return with_shares(lines, "_order_taxes", "_net", "_tax").select(
        "*", gross.alias("_gross"), (gross - F.col("_net")).alias("_discount")
    )


def _in_one_form(lines: DataFrame, source: str) -> DataFrame:
    typed = {
        "line_number": F.col("line_number").cast("int"),
        "quantity": F.col("quantity").cast("int"),
        "country_code": F.lit(UNKNOWN_COUNTRY),
        **{f"{name}_amount": amount(f"_{name}") for name in ("gross", "discount", "tax")},
    }
    columns = (typed.get(name, F.col(name)).alias(name) for name in ORDER_LINE)
    return lines.select(*columns, F.lit(source).alias("source_table"))


def _sold(orders: DataFrame, time: str) -> DataFrame:
    """Return the lines with units, with `ordered_at` and `order_date`."""
    at = F.col(time)
    with_units = orders.where(F.col("quantity") > F.lit(0))
    return with_units.withColumn("ordered_at", at).withColumn("order_date", F.to_date(at))


def _shopify_status() -> Column:
    paid = F.col("financial_status")
    return (
        F.when(F.col("cancelled_at").isNotNull(), F.lit("cancelled"))
        .when(paid.isin("refunded", "voided", "expired"), _status(paid))
        .when(F.col("fulfillment_status") == F.lit("fulfilled"), F.lit("shipped"))
        .otherwise(_status(paid))
    )


def _status(word: Column) -> Column:
    cleaned = F.lower(F.trim(word))
    known = (F.when(cleaned.isin(*words), F.lit(status)) for status, words in STATUSES.items())
    return F.coalesce(*known, F.lit("placed"))


def _cents(amount: str) -> Column:
    return F.coalesce(cents(amount), F.lit(0)).cast("bigint")


def _not_negative(amount: Column) -> Column:
    return F.greatest(amount, F.lit(0)).cast("bigint")
