"""How good the forecast is beside seasonal naive and beside an oracle, and whether intervals hold the true elasticity.

The shop is that of `lake generate all --price-demand`, without its visits: what is drawn here is what its files would
hold. The oracle knows the chance of every product on every day, and so the best quantiles there are.
"""

from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import Any

import numpy as np

from generators.catalogue.products import Products
from generators.orders.draw import LINES_PER_ORDER, QUANTITIES, QUANTITY_SHARES
from generators.plan.demand import category_demand
from generators.plan.world import WorldPlan
from generators.randomness import Floats, pick, stream
from generators.shop.shop import CATEGORIES, EURO, PRODUCT_COUNT
from glue_jobs.demand_forecast.backtest import HORIZON, choose, forecasts, groups_of
from glue_jobs.demand_forecast.demand import Demand
from glue_jobs.demand_forecast.elasticity import measure as measure_elasticity
from glue_jobs.demand_forecast.naive import seasonal_naive
from glue_jobs.demand_forecast.scores import QUANTILES, Score, score

SEEDS = (1, 2)
START, DAYS, ORDERS_PER_DAY = date(2025, 1, 1), 224, 3_000
ORACLE_DRAWS = 400
AIM_OF_ORACLE, AIM_OF_INTERVALS = 1.2, 0.9


@dataclass(frozen=True)
class Simulated:
    """Demand, and its truth: `expected` [p, d] are the mean purchases; `elasticity` is by category."""

    demand: Demand
    expected: Floats
    elasticity: Floats


def simulated(seed: int, days: int = DAYS, orders_per_day: int = ORDERS_PER_DAY) -> Simulated:
    """What a shop with this seed sells, at which prices."""
    plan = WorldPlan(START, days, orders_per_day, seed, price_demand=True)
    products = Products(plan)
    shape = PRODUCT_COUNT, days
    units, purchases, expected, price = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for day in plan.calendar():
        list(products.batches(day))
        offer = products.offer(day)
        rng = stream(seed, "world_orders", day.date.toordinal())
        lines = int((1 + pick(rng, LINES_PER_ORDER, day.orders)).sum())
        product, quantity = pick(rng, offer.popularity, lines), QUANTITIES[pick(rng, QUANTITY_SHARES, lines)]
        np.add.at(purchases[:, day.index], product, 1)
        np.add.at(units[:, day.index], product, quantity)
        expected[:, day.index] = offer.popularity / offer.popularity.sum() * lines
        price[:, day.index] = offer.price[:, EURO] / 100
    return Simulated(
        Demand(
            product_ids=tuple(f"PRD-{number:05d}" for number in range(1, PRODUCT_COUNT + 1)),
            categories=CATEGORIES,
            category=products.category,
            first_day=START,
            units=units,
            purchases=purchases,
            price=without_changes(price),
            list_price=price[:, -1],
            unit_cost=products.cost / 100,
        ),
        expected,
        category_demand(seed).elasticity,
    )


def without_changes(price: Floats) -> Floats:
    """The prices, NaN on days on which they changed, as `demand_of` has them."""
    before = np.concatenate([price[:, :1], price[:, :-1]], axis=1)
    return np.where(price == before, price, np.nan)


def oracle(expected: Floats, seed: int) -> Floats:
    """The quantiles [p, h, q] of the units of these mean purchases [p, h], by drawing them often."""
    rng = np.random.default_rng(seed)
    found = np.zeros((*expected.shape, len(QUANTILES)))
    for row, means in enumerate(expected):
        purchases = rng.poisson(means, (ORACLE_DRAWS, len(means)))
        drawn = QUANTITIES[rng.choice(len(QUANTITIES), int(purchases.sum()), p=QUANTITY_SHARES / QUANTITY_SHARES.sum())]
        ends = np.cumsum(purchases.ravel())
        total = np.concatenate([[0], np.cumsum(drawn)])[ends]
        units = np.diff(total, prepend=0).reshape(purchases.shape)
        found[row] = np.quantile(units, QUANTILES, axis=0, method="inverted_cdf").T
    return found


@dataclass(frozen=True)
class Held:
    """The scores on the 28 days after a history."""

    published: Score
    naive: Score
    oracle: Score


def held_out(world: Simulated, seed: int, most: int = PRODUCT_COUNT) -> Held:
    """Forecast the last 28 days from those before, as the job does; the scores of the `most` popular products."""
    history = world.demand.until(world.demand.days - HORIZON)
    actual = world.demand.units[:, -HORIZON:]
    groups = groups_of(history)
    published = forecasts(history, groups, choose(history, groups))
    popular = np.argsort(-world.expected.sum(axis=1))[:most]
    return Held(
        score(actual[popular], published[popular]),
        score(actual[popular], seasonal_naive(history.units, HORIZON)[popular]),
        score(actual[popular], oracle(world.expected[popular, -HORIZON:], seed)),
    )


def covered(world: Simulated) -> list[bool]:
    """For each category with an estimate, whether its interval holds the true elasticity."""
    found = [measure_elasticity(world.demand, category)[0].estimate for category in range(len(CATEGORIES))]
    return [one.low <= true <= one.high for one, true in zip(found, world.elasticity, strict=True) if one]


def measure() -> list[dict[str, Any]]:
    """Means over the seeds; errors are weighted quantile losses, as a share of the units sold."""
    held, intervals, seconds = [], [], []
    for seed in SEEDS:
        world = simulated(seed)
        begun = perf_counter()
        held.append(held_out(world, seed))
        intervals.append(float(np.mean(covered(world))))
        seconds.append(perf_counter() - begun)
    of_naive = [one.published.loss / one.naive.loss for one in held]
    of_oracle = [one.published.loss / one.oracle.loss for one in held]
    return [
        _measure("error", [one.published.error or 0.0 for one in held], "of units", None),
        _measure("error_of_naive", [one.naive.error or 0.0 for one in held], "of units", None),
        _measure("error_of_oracle", [one.oracle.error or 0.0 for one in held], "of units", None),
        _measure("error_beside_naive", of_naive, "ratio", 1.0),
        _measure("error_beside_oracle", of_oracle, "ratio", AIM_OF_ORACLE),
        _measure("coverage_p10_p90", [one.published.coverage or 0.0 for one in held], "share of days", 0.8),
        _measure("elasticity_intervals", intervals, "share of categories", AIM_OF_INTERVALS),
        _measure("seconds", seconds, "s", None),
    ]


def _measure(name: str, runs: list[float], unit: str, aim: float | None) -> dict[str, Any]:
    return {"name": name, "value": float(np.mean(runs)), "unit": unit, "aim": aim, "runs": runs}
