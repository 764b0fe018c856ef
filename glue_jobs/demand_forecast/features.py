"""What the boosted model knows of a product on the last day of its history, and of the day it forecasts.

No feature of a row is newer than its history, so a row of a backtest knows what a forecast would have known.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from glue_jobs.demand_forecast.demand import Demand, Floats, Ints

WEEK: Final = 7
YEAR: Final = 52 * WEEK
"""Whole weeks, so that a day meets its own weekday."""

LEVEL_DAYS: Final = 91
MONTH_DAYS: Final = 28
WEEKDAY_WEEKS: Final = 8
NAMES: Final = (
    "category", "weekday", "days_ahead", "last_week", "last_month", "same_weekday", "days_with_sales",
    "days_known", "price_against_average", "category_last_week", "category_a_year_ago",
)  # fmt: skip
CATEGORICAL: Final = (NAMES.index("category"), NAMES.index("weekday"))


@dataclass(frozen=True, slots=True)
class Known:
    """What the first days of a demand tell, as [p] but where it says otherwise.

    level: mean units a day of the last `LEVEL_DAYS` days, by which all units are divided. by_weekday: [p, 7], that of
    the day after the last one first; category_year: [categories, horizon]; both, like the other means, over the level.
    """

    level: Floats
    week: Floats
    month: Floats
    by_weekday: Floats
    days_with_sales: Floats
    days_known: Floats
    price: Floats
    category_week: Floats
    category_year: Floats


def known(demand: Demand, days: int, horizon: int) -> Known:
    """Return what the first `days` of the demand tell of the `horizon` days after them."""
    units = demand.units[:, :days]
    level = mean(units[:, -LEVEL_DAYS:])
    scale = np.where(level > 0, level, np.nan)
    recent = units[:, -LEVEL_DAYS:]
    by_category = category_units(demand)
    return Known(
        level=level,
        week=mean(units[:, -WEEK:]) / scale,
        month=mean(units[:, -MONTH_DAYS:]) / scale,
        by_weekday=_by_weekday(units) / scale[:, None],
        days_with_sales=mean(np.where(np.isnan(recent), np.nan, recent > 0)),
        days_known=np.sum(~np.isnan(units), axis=1).astype(np.float64),
        price=_price_against_average(demand.price[:, :days]),
        category_week=_ratio(mean(by_category[:, max(days - WEEK, 0) : days]), _month(by_category, days)),
        category_year=_a_year_ago(by_category, days, horizon),
    )


def rows_of(demand: Demand, about: Known, days: int, product: Ints, ahead: Ints) -> Floats:
    """Return the features [n, NAMES] of these products, so many days after the last known one, counted from 0."""
    category = demand.category[product]
    return np.column_stack(
        [
            category,
            (demand.first_day.weekday() + days + ahead) % WEEK,
            ahead,
            about.week[product],
            about.month[product],
            about.by_weekday[product, ahead % WEEK],
            about.days_with_sales[product],
            about.days_known[product],
            about.price[product],
            about.category_week[category],
            about.category_year[category, ahead],
        ]
    )


def mean(values: Floats) -> Floats:
    """Return the mean of the known values of each row; 0 for a row without any."""
    there = ~np.isnan(values)
    found: Floats = np.where(there, values, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return found


def category_units(demand: Demand) -> Floats:
    """Return [categories, d]: the units sold of all products of a category; NaN on days that are gaps."""
    total = np.zeros((len(demand.categories), demand.days))
    np.add.at(total, demand.category, np.nan_to_num(demand.units))
    gap = np.isnan(demand.units).all(axis=0)
    return np.where(gap, np.nan, total)


def _by_weekday(units: Floats) -> Floats:
    """[p, 7]: the mean of each weekday over `WEEKDAY_WEEKS`."""
    days = units.shape[1]
    return np.column_stack([mean(units[:, _same_weekday(days, ahead)]) for ahead in range(WEEK)])


def _same_weekday(days: int, ahead: int) -> Ints:
    past = days + ahead - WEEK * np.arange(1, WEEKDAY_WEEKS + 1)
    found: Ints = past[past >= 0]
    return found


def _price_against_average(price: Floats) -> Floats:
    """[p]: the logarithm of the last known price over the mean of `LEVEL_DAYS`; NaN without a price."""
    recent = price[:, -LEVEL_DAYS:]
    there = ~np.isnan(recent)
    last = recent.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    now = recent[np.arange(len(recent)), last]
    average = np.where(there.any(axis=1), mean(recent), np.nan)
    found: Floats = np.log(now / average)
    return found


def _month(by_category: Floats, days: int) -> Floats:
    return mean(by_category[:, max(days - MONTH_DAYS, 0) : days])


def _a_year_ago(by_category: Floats, days: int, horizon: int) -> Floats:
    """[categories, horizon]: the week around the day a year before, over the month before the last day a year ago."""
    if days - YEAR < MONTH_DAYS:
        return np.full((len(by_category), horizon), np.nan)
    then = _month(by_category, days - YEAR)
    around = [days - YEAR + ahead for ahead in range(horizon)]
    weeks = [mean(by_category[:, day - WEEK // 2 : day + WEEK // 2 + 1]) for day in around]
    return _ratio(np.column_stack(weeks), then[:, None])


def _ratio(above: Floats, below: Floats) -> Floats:
    found: Floats = above / np.where(below > 0, below, np.nan)
    return found
