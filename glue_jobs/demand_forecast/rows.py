"""The rows of the three tables, in the order of the columns of their contracts, but for those the lake adds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

import numpy as np

from glue_jobs.demand_forecast.backtest import HORIZON, NO_SALES, Choice, Groups, choose, forecasts, groups_of
from glue_jobs.demand_forecast.demand import Demand, Floats
from glue_jobs.demand_forecast.elasticity import Estimate, Measured, measure
from glue_jobs.demand_forecast.suggestions import suggestions

Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """All that is computed of a demand. forecast: [p, h, q]; measured: by category, with each of its products."""

    demand: Demand
    groups: Groups
    choices: list[Choice]
    forecast: Floats
    measured: list[tuple[Measured, list[Measured]]]


def results_of(demand: Demand) -> Results:
    """Return the forecast, with its backtest, and the elasticities."""
    groups = groups_of(demand)
    choices = choose(demand, groups)
    return Results(
        demand=demand,
        groups=groups,
        choices=choices,
        forecast=forecasts(demand, groups, choices),
        measured=[measure(demand, category) for category in range(len(demand.categories))],
    )


def demand_forecast(results: Results) -> Iterator[Row]:
    """Yield a row for each product and each of the next `HORIZON` days."""
    demand = results.demand
    sold = np.nansum(demand.units, axis=1) > 0
    for product, product_id in enumerate(demand.product_ids):
        choice = results.choices[results.groups.of_product[product]]
        naive, score = choice.scores.get("seasonal_naive"), choice.published
        model = (choice.model, choice.reason) if sold[product] else (NO_SALES, "the product was never sold")
        about = (
            *(*model, demand.first_day, demand.last_day, choice.folds),
            *(score.error, naive.error if naive else None, score.coverage),
        )
        for ahead in range(HORIZON):
            quantiles = (int(units) for units in results.forecast[product, ahead])
            day = demand.last_day + timedelta(days=ahead + 1)
            category = demand.categories[demand.category[product]]
            yield (product_id, day, category, choice.group, ahead + 1, *quantiles, *about)


def price_elasticity(results: Results) -> Iterator[Row]:
    """Yield a row for each category, and one for each of its products."""
    demand = results.demand
    for category, (whole, each) in enumerate(results.measured):
        name = demand.categories[category]
        yield _elasticity_row("category", name, name, whole, demand)
        for place, one in zip(np.flatnonzero(demand.category == category), each, strict=True):
            yield _elasticity_row("product", demand.product_ids[place], name, one, demand)


def _elasticity_row(level: str, subject: str, category: str, measured: Measured, demand: Demand) -> Row:
    found = measured.estimate
    estimate = (found.elasticity, found.low, found.high, found.own, found.own_weight) if found else (None,) * 5
    counts = measured.products, measured.price_changes, measured.purchases
    return (level, subject, category, measured.status, *estimate, *counts, demand.first_day, demand.last_day)


def price_suggestion(results: Results) -> Iterator[Row]:
    """Yield a row for each product and each change of its price of which something is known."""
    demand = results.demand
    for one in suggestions(demand, estimates_of(results)):
        estimate = one.estimate
        yield (
            *(demand.product_ids[one.product], one.percent, demand.categories[demand.category[one.product]]),
            *(one.basis, estimate.elasticity, estimate.low, estimate.high),
            *(one.list_price, one.new_price, one.units, one.new_units, one.revenue_change),
            *(one.margin_change, one.margin_change_low, one.margin_change_high, one.effect),
        )


def estimates_of(results: Results) -> list[tuple[str, Estimate] | None]:
    """Return for each product its own estimate, else that of its category, else None."""
    found: list[tuple[str, Estimate] | None] = [None] * len(results.demand.product_ids)
    for category, (whole, each) in enumerate(results.measured):
        for place, one in zip(np.flatnonzero(results.demand.category == category), each, strict=True):
            if one.estimate:
                found[place] = ("product", one.estimate)
            elif whole.estimate:
                found[place] = ("category", whole.estimate)
    return found


TABLES: Final[Mapping[str, Callable[[Results], Iterator[Row]]]] = {
    "rows.demand_forecast": demand_forecast,
    "rows.price_elasticity": price_elasticity,
    "rows.price_suggestion": price_suggestion,
}
"""What makes the rows of a table, by the name its contract gives as the transform of `cartlake.build`."""
