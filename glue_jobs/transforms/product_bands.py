"""Price bands and availability of products: thresholds as data, and the columns made from them."""

from typing import Final

from cartlake.engine import Column, F

BANDS: Final = ("budget", "standard", "premium", "luxury")

USUAL_LIMITS: Final = (15, 50, 200)
"""List prices in euros at which standard, premium and luxury begin; below the first is budget."""

LIMITS: Final = {
    "apparel": (20, 60, 200),
    "shoes": (40, 90, 250),
    "toys": (10, 30, 100),
    "sports": (20, 80, 300),
    "beauty": (8, 25, 80),
    "electronics": (30, 150, 800),
    "books": (8, 20, 50),
}
"""The same for categories whose prices are unlike the usual. Fixed, not quantiles: a product keeps its band for as long
as it keeps its price, whatever other products cost."""

LOW_STOCK_UNITS: Final = 10
"""With fewer units than these, a product is low on stock."""


def price_band() -> Column:
    """Return the price band, one of BANDS, of `list_price` (euros) within its `category`."""
    by_category = (F.when(F.col("category") == F.lit(name), _band(limits)) for name, limits in LIMITS.items())
    return F.coalesce(*by_category, _band(USUAL_LIMITS))


def _band(limits: tuple[int, ...]) -> Column:
    begun = (F.when(F.col("list_price") >= F.lit(limit), F.lit(name)) for limit, name in _highest_first(limits))
    return F.coalesce(*begun, F.lit(BANDS[0]))


def _highest_first(limits: tuple[int, ...]) -> list[tuple[int, str]]:
    return sorted(zip(limits, BANDS[1:], strict=True), reverse=True)


def availability() -> Column:
    """Return `discontinued`, `out_of_stock`, `low_stock` or `in_stock`, by `is_active` and `stock_quantity` (units)."""
    stock = F.col("stock_quantity")
    return (
        F.when(~F.col("is_active"), F.lit("discontinued"))
        .when(stock <= F.lit(0), F.lit("out_of_stock"))
        .when(stock < F.lit(LOW_STOCK_UNITS), F.lit("low_stock"))
        .otherwise(F.lit("in_stock"))
    )
