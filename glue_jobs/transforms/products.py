"""Products: their history, a slowly changing dimension of type 2, and their sales and visitors in each month."""

from functools import reduce
from typing import Final

from cartlake.engine import Column, DataFrame, F, Window
from glue_jobs.transforms.measures import counts, reporting_amounts, units_that
from glue_jobs.transforms.money import MONEY, quotient
from glue_jobs.transforms.product_bands import availability, price_band
from glue_jobs.transforms.ratings import with_ratings

UNKNOWN_PRODUCT: Final = "PRD-UNKNOWN"
UNKNOWN_COUNTRY: Final = "ZZ"
"""ISO 3166-1 leaves this code to its users, and CLDR uses it so."""

UNKNOWN: Final = "unknown"
"""A word that is not known, of a vendor, a page or a payment."""
_BEGINNING: Final = "1900-01-01 00:00:00"
_PRICE: Final = "decimal(12,2)"
_STATE: Final = {
    "product_name": "string",
    "category": "string",
    "brand": "string",
    "vendor_id": "string",
    "vendor_name": "string",
    "vendor_country_code": "string",
    "vendor_is_active": "boolean",
    "list_price": _PRICE,
    "unit_cost": _PRICE,
    "availability": "string",
    "is_active": "boolean",
    "launched_on": "date",
}
"""The columns of which a change makes a new version. Not the stock itself, only the availability it gives."""
_MONTH_OF_PRODUCT: Final = ("month_start", "product_id")
_SALES: Final = {
    **dict.fromkeys(
        ("units", "returned_units", "orders", "customers", "unconverted_lines", "uncosted_lines"), "bigint"
    ),
    **dict.fromkeys(("gross_reporting", "net_reporting", "returned_reporting"), MONEY),
    **dict.fromkeys(("cost_reporting", "margin_reporting"), MONEY),
}
_INTEREST: Final = {"viewers": "product_view", "cart_visitors": "add_to_cart"}


def dim_product(products: DataFrame, vendors: DataFrame, fct_reviews: DataFrame) -> DataFrame:
    """One row per product and period in which nothing about it or its vendor changed, and one for unknown products.

    - A row holds from `valid_from` up to, and without, `valid_to`; null is for the current row. A version that changes
      none of these columns makes no row.
    - `product_key`: SHA-256 of product_id, `|` and valid_from in microseconds since 1970, in hexadecimal.
    - `margin_percent` = 100 * (list_price - unit_cost) / list_price, two digits, half away from zero; null at price 0.
    - Until its vendor is known, a product has vendor_name `unknown`, country `ZZ` and no vendor_is_active.
    - The columns of ratings are of type 1: the values of now, on every row of the product. See `ratings`.
    """
    versions = _changes(_states(products, vendors)).unionByName(_unknown_product(products))
    until = F.lead("valid_from").over(Window.partitionBy("product_id").orderBy("valid_from"))
    periods = versions.select("*", until.alias("valid_to"), price_band().alias("price_band"))
    identity = F.concat_ws("|", F.col("product_id"), F.unix_micros(F.col("valid_from")).cast("string"))
    return with_ratings(periods, fct_reviews).select(
        F.sha2(identity, 256).alias("product_key"),
        *("product_id", "valid_from", "valid_to"),
        F.col("valid_to").isNull().alias("is_current"),
        *("product_name", "category", "brand", "vendor_id", "vendor_name", "vendor_country_code", "vendor_is_active"),
        *("list_price", "unit_cost"),
        _margin_percent().alias("margin_percent"),
        F.when(F.col("list_price").isNotNull(), F.col("price_band")).alias("price_band"),
        *("availability", "is_active", "launched_on", "review_count", "rating_average", "rating_bayesian"),
    )


def _states(products: DataFrame, vendors: DataFrame) -> DataFrame:
    """Return a row for each version of a product and of its vendor during it: product_id, valid_from, _STATE."""
    next_version = F.lead("updated_at").over(Window.partitionBy("product_id").orderBy("updated_at"))
    versions = products.select("*", availability().alias("availability"), next_version.alias("_next"))
    periods = _vendor_periods(vendors)
    is_vendor = F.col("vendor_id") == F.col("_vendor_id")
    begins_before_the_end = F.col("_from").isNull() | F.col("_next").isNull() | (F.col("_from") < F.col("_next"))
    ends_after_the_beginning = F.col("_until").isNull() | (F.col("_until") > F.col("updated_at"))
    met = versions.join(periods, on=is_vendor & begins_before_the_end & ends_after_the_beginning, how="left")
    own = (name for name in _STATE if not name.startswith("vendor_") or name == "vendor_id")
    return met.select(
        "product_id",
        F.greatest(F.col("updated_at"), F.coalesce(F.col("_from"), F.col("updated_at"))).alias("valid_from"),
        *(F.col(name) for name in own),
        F.coalesce(F.col("vendor_name"), F.lit(UNKNOWN)).alias("vendor_name"),
        F.coalesce(F.col("vendor_country_code"), F.lit(UNKNOWN_COUNTRY)).alias("vendor_country_code"),
        "vendor_is_active",
    )


def _vendor_periods(vendors: DataFrame) -> DataFrame:
    """Return the versions of vendors with their periods, and a period without attributes before the first of each."""
    attributes = {"vendor_name": "vendor_name", "vendor_country_code": "country_code", "vendor_is_active": "is_active"}
    next_version = F.lead("updated_at").over(Window.partitionBy("vendor_id").orderBy("updated_at"))
    known = vendors.select(
        F.col("vendor_id").alias("_vendor_id"),
        F.col("updated_at").alias("_from"),
        next_version.alias("_until"),
        *(F.col(column).alias(name) for name, column in attributes.items()),
    )
    before = known.groupBy("_vendor_id").agg(F.min("_from").alias("_until"))
    return known.unionByName(
        before.select(
            "_vendor_id",
            F.lit(None).cast("timestamp").alias("_from"),
            "_until",
            *(F.lit(None).cast(_STATE[name]).alias(name) for name in attributes),
        )
    )


def _changes(states: DataFrame) -> DataFrame:
    """Leave out the rows that equal the product's row before them."""
    timeline = Window.partitionBy("product_id").orderBy("valid_from")
    differs = (~F.col(name).eqNullSafe(F.lag(name).over(timeline)) for name in _STATE)
    changed = states.select("*", reduce(lambda one, other: one | other, differs).alias("_changed"))
    return changed.where(F.col("_changed")).select("product_id", "valid_from", *_STATE)


def _unknown_product(products: DataFrame) -> DataFrame:
    """Return one row to join facts to whose product has no row; `products` may be empty, it stands for a session."""
    named = ("product_name", "category", "brand", "vendor_id", "vendor_name", "availability")
    values = {**dict.fromkeys(named, UNKNOWN), "vendor_country_code": UNKNOWN_COUNTRY}
    return products.agg(F.count(F.lit(1)).alias("_rows")).select(
        F.lit(UNKNOWN_PRODUCT).alias("product_id"),
        F.lit(_BEGINNING).cast("timestamp").alias("valid_from"),
        *(F.lit(values.get(name)).cast(kind).alias(name) for name, kind in _STATE.items()),
    )


def _margin_percent() -> Column:
    # A ten-thousandth of the price is a hundredth of a percent.
    margin = "cast((list_price - unit_cost) * 100 as bigint)"
    return quotient(f"(10000 * {margin})", "cast(list_price * 100 as bigint)", 2, 12)


def product_performance(order_lines: DataFrame, clickstream: DataFrame) -> DataFrame:
    """One row per month and product that was ordered, viewed or put in a cart in it. Amounts in the reporting currency.

    - `viewers`, `cart_visitors`: distinct visitors with such an event in the month (`event_at`, UTC). Robots are among
      them, each counted once, however many events it has.
    - `return_rate` = returned_units / units, four digits, rounded half up; null when nothing was sold.
    - `revenue_rank`: 1 is the highest net_reporting of the month, equal ones in the order of their product_id.
    """
    kinds = _SALES | dict.fromkeys(_INTEREST, "bigint")
    # Added up instead of joined: a full join on names gives SQLFrame the keys of one side only.
    both = _padded(_sold(order_lines), kinds).unionByName(_padded(_visited(clickstream), kinds))
    products = both.groupBy(*_MONTH_OF_PRODUCT).agg(
        *(F.sum(name).cast(kind).alias(name) for name, kind in kinds.items())
    )
    best_first = Window.partitionBy("month_start").orderBy(F.desc("net_reporting"), F.asc("product_id"))
    return products.select(
        *_MONTH_OF_PRODUCT,
        *kinds,
        quotient("(10000 * returned_units)", "units", 4, 5).alias("return_rate"),
        F.row_number().over(best_first).cast("int").alias("revenue_rank"),
    )


def _sold(order_lines: DataFrame) -> DataFrame:
    measures = {**counts(), "returned_units": units_that(F.col("is_returned")), **reporting_amounts()}
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
    return rows.select(
        *_MONTH_OF_PRODUCT, *(measure.alias(name) for name, measure in zip(kinds, measures, strict=True))
    )
