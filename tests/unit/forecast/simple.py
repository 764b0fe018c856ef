"""Small demands, as tests write them."""

from datetime import date

import numpy as np

from glue_jobs.demand_forecast.demand import Demand

FIRST = date(2026, 1, 5)  # a Monday
NAN = float("nan")


def demand(units, *, price=None, category=None, purchases=None, list_price=None, unit_cost=None):
    """A demand of these units [p, d]; of one category, one purchase a unit and a price of 10 unless said otherwise."""
    units = np.array(units, dtype=float)
    count = len(units)
    category = np.array(category if category is not None else [0] * count)
    return Demand(
        product_ids=tuple(f"PRD-{number}" for number in range(count)),
        categories=tuple("abcdefghij"[: int(category.max()) + 1]),
        category=category,
        first_day=FIRST,
        units=units,
        purchases=units if purchases is None else np.array(purchases, dtype=float),
        price=np.full(units.shape, 10.0) if price is None else np.array(price, dtype=float),
        list_price=np.full(count, 10.0) if list_price is None else np.array(list_price, dtype=float),
        unit_cost=np.full(count, 6.0) if unit_cost is None else np.array(unit_cost, dtype=float),
    )
