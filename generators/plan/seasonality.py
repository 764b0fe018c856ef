"""Seasonality: how rows are distributed over days, and orders over the hours of a day."""

from datetime import date, timedelta
from typing import Final

import numpy as np

from generators.randomness import Floats, Ints, stream

WEEKDAYS: Final = np.array([0.97, 0.93, 0.94, 0.97, 1.02, 1.05, 1.12])  # Monday first
GROWTH_PER_YEAR: Final = 0.18
EPOCH: Final = date(2020, 1, 1)
FRIDAY: Final = 4
BLACK_FRIDAY_DEMAND: Final = (2.3, 1.6, 1.5, 1.9)  # Friday to Monday
CHRISTMAS_DEMAND: Final = 1.25

# Relative orders in each UTC hour: quiet nights, a lunch peak, an evening peak (earlier and flatter at weekends).
WORKDAY_HOURS: Final = (6, 3, 2, 2, 3, 7, 16, 28, 38, 45, 52, 60, 66, 58, 52, 52, 56, 64, 78, 92, 96, 78, 45, 18)
WEEKEND_HOURS: Final = (10, 6, 4, 3, 3, 4, 8, 18, 36, 54, 68, 74, 72, 68, 66, 68, 70, 72, 76, 80, 76, 60, 36, 18)


def window(end_date: date, days: int) -> list[date]:
    """The `days` days that end with `end_date`, oldest first."""
    return [end_date - timedelta(days=back) for back in reversed(range(days))]


def rows_per_day(rows: int, days: list[date], seed: int) -> list[int]:
    """Whole numbers in proportion to the seasonal weight of each day; each at least 1, in sum exactly `rows`."""
    weights = np.array([day_weight(day, seed) for day in days])
    shares = weights / weights.sum() * (rows - len(days))
    counts = np.floor(shares).astype(np.int64)
    by_remainder = np.argsort(counts - shares, kind="stable")
    counts[by_remainder[: rows - len(days) - int(counts.sum())]] += 1
    return [int(count) + 1 for count in counts]


def day_weight(day: date, seed: int) -> float:
    """Relative demand on one day: growth x weekday x time of year x campaigns x noise."""
    years = (day - EPOCH).days / 365.25
    yearly = 1.0 + 0.16 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 340) / 365.25)  # peak in early December
    noise = stream(seed, "calendar", day.toordinal()).lognormal(0.0, 0.05)
    weight = (1 + GROWTH_PER_YEAR) ** years * WEEKDAYS[day.weekday()] * yearly * campaign(day) * noise
    return float(weight)


def campaign(day: date) -> float:
    """The factor of campaigns: Black Friday to Cyber Monday, and the weeks before Christmas."""
    first_friday = 1 + (FRIDAY - date(day.year, 11, 1).weekday()) % 7
    since_black_friday = (day - date(day.year, 11, first_friday + 21)).days
    if since_black_friday in range(len(BLACK_FRIDAY_DEMAND)):
        return BLACK_FRIDAY_DEMAND[since_black_friday]
    return CHRISTMAS_DEMAND if date(day.year, 12, 1) <= day <= date(day.year, 12, 20) else 1.0


def second_of_day(day: date, quantile: Floats) -> Ints:
    """The second (0 to 86,399) by which this share (0 to 1) of the day's orders has been placed."""
    weekend = day.weekday() > FRIDAY
    placed = np.concatenate([[0], np.cumsum(WEEKEND_HOURS if weekend else WORKDAY_HOURS)])
    seconds = np.interp(quantile * placed[-1], placed, np.arange(25) * 3600)
    whole: Ints = np.minimum(seconds, 86_399).astype(np.int64)
    return whole
