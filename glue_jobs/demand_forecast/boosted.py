"""One model of all products: gradient-boosted trees for each quantile, direct for every day ahead.

The target is units over the product's own level, so that products of all sizes teach the same model; a row weighs as
much as its level, so that the loss is in units again.
"""

from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from glue_jobs.demand_forecast.demand import Demand, Floats, Ints
from glue_jobs.demand_forecast.features import CATEGORICAL, known, rows_of
from glue_jobs.demand_forecast.scores import QUANTILES, in_order

SEED: Final = 16
MAX_ROWS: Final = 40_000
MIN_ROWS: Final = 500
"""With fewer there is no model."""

ORIGIN_STEP: Final = 7
MAX_ORIGINS: Final = 52
MIN_HISTORY: Final = 28
SETTINGS: Final = {
    "max_iter": 80,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 60,
    "early_stopping": False,
    "categorical_features": CATEGORICAL,
    "random_state": SEED,
}


def boosted(demand: Demand, horizon: int) -> Floats | None:
    """Return the forecast [p, h, q]; None where there are too few rows to learn from.

    It learns from histories that end `ORIGIN_STEP` days apart; the day it forecasts is always later than the history.
    """
    learnt = training_rows(demand, horizon)
    if learnt is None:
        return None
    about = known(demand, demand.days, horizon)
    product = np.repeat(np.arange(len(demand.product_ids)), horizon)
    ahead = np.tile(np.arange(horizon), len(demand.product_ids))
    asked = rows_of(demand, about, demand.days, product, ahead)
    told = ~np.isnan(learnt[0]).all(axis=0)  # a short history has no year before it
    learnt = learnt[0][:, told], *learnt[1:]
    with threadpool_limits(1):  # threads of OpenMP wait busily for each other: ten times slower on shared processors
        found = np.column_stack([_fitted(learnt, quantile).predict(asked[:, told]) for quantile in QUANTILES])
    return in_order(found.reshape(-1, horizon, len(QUANTILES)) * about.level[:, None, None])


def training_rows(demand: Demand, horizon: int) -> tuple[Floats, Floats, Floats] | None:
    """Return features [n, f], targets [n] and weights [n]; None for fewer than `MIN_ROWS`."""
    origins = range(demand.days - ORIGIN_STEP, MIN_HISTORY - 1, -ORIGIN_STEP)[:MAX_ORIGINS]
    parts = [_rows_at(demand, days, horizon, MAX_ROWS // len(origins)) for days in origins]
    if sum(len(target) for _, target, _ in parts) < MIN_ROWS:
        return None
    features, target, weight = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return features, target, weight


def _rows_at(demand: Demand, days: int, horizon: int, most: int) -> tuple[Floats, Floats, Floats]:
    """At most so many rows of one history; those of products that sell more are likelier, and weigh less for it."""
    about = known(demand, days, horizon)
    future = demand.units[:, days : days + horizon]
    product, ahead = np.nonzero(~np.isnan(future) & (about.level > 0)[:, None])
    chosen = _drawn(np.sqrt(about.level[product]), most, days)
    product, ahead = product[chosen], ahead[chosen]
    level = about.level[product]
    return rows_of(demand, about, days, product, ahead), future[product, ahead] / level, np.sqrt(level)


def _drawn(chance: Floats, most: int, days: int) -> Ints:
    if not len(chance):
        return np.zeros(0, dtype=np.int64)
    rng = np.random.default_rng((SEED, days))
    found: Ints = rng.choice(len(chance), min(len(chance), most), p=chance / chance.sum())
    return found


def _fitted(learnt: tuple[Floats, Floats, Floats], quantile: float) -> HistGradientBoostingRegressor:
    features, target, weight = learnt
    model = HistGradientBoostingRegressor(loss="quantile", quantile=quantile, **SETTINGS)
    return model.fit(features, target, sample_weight=weight)
