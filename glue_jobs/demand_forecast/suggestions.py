"""What a change of price would do to a product in the next 28 days, by its elasticity. Nothing changes a price."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from glue_jobs.demand_forecast.backtest import HORIZON
from glue_jobs.demand_forecast.demand import Demand, Floats
from glue_jobs.demand_forecast.elasticity import Estimate
from glue_jobs.demand_forecast.features import MONTH_DAYS, mean

CHANGES: Final = (-10, -5, 5, 10)
"""In percent of the list price."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a change of price by `percent` would do. `basis` is `product` or `category`: whose elasticity it uses.

    Units, revenue and margin are of 28 days; the changes are those expected, with the ends of the elasticity's
    interval as `low` and `high`. Of a product without a known cost, the margin and its changes are None.
    """

    product: int
    percent: int
    basis: str
    estimate: Estimate
    list_price: float
    new_price: float
    units: float
    new_units: float
    revenue_change: float
    margin_change: float | None
    margin_change_low: float | None
    margin_change_high: float | None

    @property
    def effect(self) -> str:
        """Return whether the margin would rise or fall over the whole interval."""
        if self.margin_change_low is None or self.margin_change_high is None:
            return "cost is not known"
        if self.margin_change_low > 0:
            return "more margin"
        return "less margin" if self.margin_change_high < 0 else "unclear"


def suggestions(demand: Demand, estimates: list[tuple[str, Estimate] | None]) -> Iterator[Suggestion]:
    """Yield what each of `CHANGES` would do to each product that has a price, an estimate and sales in 28 days.

    A change that is larger than any seen in the product's category is left out: nothing is known of it.
    """
    units = mean(demand.units[:, -MONTH_DAYS:]) * HORIZON
    seen = largest_changes(demand)
    for product, found in enumerate(estimates):
        if found is None or not units[product] > 0 or not demand.list_price[product] > 0:
            continue
        for percent in CHANGES:
            if abs(np.log1p(percent / 100)) <= seen[demand.category[product]]:
                yield _suggestion(demand, product, percent, found, float(units[product]))


def largest_changes(demand: Demand) -> Floats:
    """Return [categories]: how far a price of the category was from another of the same product, as a logarithm."""
    there = ~np.isnan(demand.price)
    highest = np.where(there, demand.price, -np.inf).max(axis=1)
    lowest = np.where(there, demand.price, np.inf).min(axis=1)
    found = np.zeros(len(demand.categories))
    known = there.any(axis=1)
    np.maximum.at(found, demand.category[known], np.log(highest[known] / lowest[known]))
    return found


def _suggestion(demand: Demand, product: int, percent: int, found: tuple[str, Estimate], units: float) -> Suggestion:
    basis, estimate = found
    price, cost, factor = float(demand.list_price[product]), float(demand.unit_cost[product]), 1 + percent / 100
    new_units = units * factor**estimate.elasticity

    def margin_change(elasticity: float) -> float | None:
        if np.isnan(cost):
            return None
        return float(units * (factor**elasticity * (price * factor - cost) - (price - cost)))

    ends = [margin_change(estimate.low), margin_change(estimate.high)]
    known = sorted(end for end in ends if end is not None)
    return Suggestion(
        product=product,
        percent=percent,
        basis=basis,
        estimate=estimate,
        list_price=price,
        new_price=price * factor,
        units=units,
        new_units=new_units,
        revenue_change=price * (new_units * factor - units),
        margin_change=margin_change(estimate.elasticity),
        margin_change_low=known[0] if known else None,
        margin_change_high=known[-1] if known else None,
    )
