"""The forecasts to be beaten: seasonal naive, and TSB for intermittent demand.

Both are functions of the units [p, d] alone, NaN where they are not known, and return [p, h, q].
"""

from typing import Final

import numpy as np

from glue_jobs.demand_forecast.demand import Floats
from glue_jobs.demand_forecast.scores import QUANTILES, in_order

WEEK: Final = 7
RESIDUAL_WEEKS: Final = 13
"""Weeks whose errors say how far off a seasonal naive forecast is."""

PROBABILITY_SMOOTHING: Final = 0.03
SIZE_SMOOTHING: Final = 0.1
"""Both within the ranges that Teunter, Syntetos and Babai (2011) found best for slow-moving goods."""


def seasonal_naive(units: Floats, horizon: int) -> Floats:
    """Return for each day the units of the same weekday last, with the quantiles of its own errors around it.

    Hyndman and Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), 5.2 and 5.5. The errors are those of
    the last `RESIDUAL_WEEKS`; P50 is the value itself. A weekday that is not known is 0, as is a product without one.
    """
    last = np.nan_to_num(last_week(units))
    point = np.tile(last, (1, -(-horizon // WEEK)))[:, :horizon]
    spread = _error_quantiles(units)
    spread[:, QUANTILES.index(0.5)] = 0.0
    return in_order(point[:, :, None] + spread[:, None, :])


def last_week(units: Floats) -> Floats:
    """Return [p, 7]: the units last known of each weekday, that of the day after the last one first; NaN for none."""
    products, days = units.shape
    weeks = -(-days // WEEK)
    padded = np.full((products, weeks * WEEK), np.nan)
    padded[:, weeks * WEEK - days :] = units
    last = np.full((products, WEEK), np.nan)
    for week in padded.reshape(products, weeks, WEEK).transpose(1, 0, 2)[-RESIDUAL_WEEKS:]:
        last = np.where(np.isnan(week), last, week)
    return last


def _error_quantiles(units: Floats) -> Floats:
    """[p, q]: the quantiles of the differences from a week before; 0 where there is none."""
    recent = units[:, -(RESIDUAL_WEEKS + 1) * WEEK :]
    errors = recent[:, WEEK:] - recent[:, :-WEEK]
    return row_quantiles(errors)


def row_quantiles(values: Floats) -> Floats:
    """Return [p, q]: the quantiles of the known values of each row, interpolated; 0 for a row without any."""
    ordered = np.sort(values, axis=1)  # NaN last
    known = np.sum(~np.isnan(values), axis=1)
    if not values.shape[1]:
        return np.zeros((len(values), len(QUANTILES)))
    place = np.maximum(known - 1, 0)[:, None] * np.array(QUANTILES)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(known - 1, 0)[:, None])
    below, above = np.take_along_axis(ordered, low, 1), np.take_along_axis(ordered, high, 1)
    found: Floats = np.nan_to_num(below + (place - low) * (above - below))
    return found


def tsb(units: Floats, horizon: int) -> Floats:
    """Return the forecast of Teunter, Syntetos and Babai (2011) as quantiles: the same for every day ahead.

    The probability of a sale is smoothed every day, so that it falls while nothing is sold, unlike Croston's (1972);
    the size of a sale only when there is one. A day sells nothing with probability 1 - p, else a size like those seen,
    scaled to the smoothed one: quantile q is 0 up to 1 - p, and then the (q - 1 + p) / p quantile of the sizes.
    """
    probability, size = _smoothed(units)
    sizes = np.sort(np.where(units > 0, units, np.nan), axis=1)
    seen = np.sum(units > 0, axis=1)
    mean = np.nansum(sizes, axis=1) / np.maximum(seen, 1)
    scale = np.divide(size, mean, out=np.ones_like(size), where=mean > 0)
    share = (np.array(QUANTILES) - 1 + probability[:, None]) / np.maximum(probability, 1e-9)[:, None]
    place = np.clip(np.ceil(share * seen[:, None]) - 1, 0, np.maximum(seen - 1, 0)[:, None]).astype(np.int64)
    values = np.nan_to_num(np.take_along_axis(sizes, place, 1)) * scale[:, None]
    quantiles = np.where((share > 0) & (seen > 0)[:, None], values, 0.0)
    return in_order(np.repeat(quantiles[:, None, :], horizon, axis=1))


def _smoothed(units: Floats) -> tuple[Floats, Floats]:
    """[p], [p]: the probability of a sale on a day, and its size, by exponential smoothing over the known days."""
    sold, known = units > 0, ~np.isnan(units)
    days, sales = known.sum(axis=1), sold.sum(axis=1)
    probability = sales / np.maximum(days, 1)
    size = np.where(sold, units, 0.0).sum(axis=1) / np.maximum(sales, 1)
    for day in range(units.shape[1]):
        step = PROBABILITY_SMOOTHING * (sold[:, day] - probability)
        probability = np.where(known[:, day], probability + step, probability)
        size = np.where(sold[:, day], size + SIZE_SMOOTHING * (units[:, day] - size), size)
    return probability, size
