"""Reference rates of the euro: a random walk on business days, some days corrected later, some files late."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from generators.files.arrays import Batch, amounts, chosen, dates, instants, texts
from generators.plan.world import WorldPlan
from generators.randomness import Ints, stream
from generators.shop.markets import CURRENCIES
from generators.times import HOUR, midnight

QUOTED: Final = ("USD", "GBP", "SEK", "PLN")
BASE_CURRENCIES: Final = tuple(currency for currency in CURRENCIES if currency not in QUOTED)
LEVELS: Final = np.array([1.08, 0.86, 11.3, 4.3])
DAILY_MOVE: Final = np.array([0.0045, 0.0035, 0.0040, 0.0038])
REVERSION: Final = 0.02  # of the distance to the level, a day
DIGITS: Final = 5
STEPS: Final = np.array([10, 1, 10, 10])  # hundred-thousandths: four digits, five for the pound
DAYS_BEFORE: Final = 14
SATURDAY: Final = 5
PUBLISHED: Final = 15 * HOUR
SHARE_CORRECTED: Final = 0.02
LATE_CYCLE: Final = 20  # business days
LATE_OF_CYCLE: Final = (14, 15)
CURRENCY_CODES: Final = texts(QUOTED)


@dataclass(frozen=True)
class Rate:
    """`units`: hundred-thousandths of the currency for one euro. `updated_at`: Unix seconds."""

    day: date
    currency: int
    units: int
    updated_at: int


@dataclass(frozen=True)
class RateFile:
    """What the file of one day holds."""

    day: date
    rates: tuple[Rate, ...]


def rate_files(plan: WorldPlan, *, late: bool) -> Iterator[RateFile]:
    """A file for each business day of the plan, and one for its first day, which also holds the two weeks before.

    late: two business days of every twenty are not sent before the third.
    """
    corrected: dict[date, list[Rate]] = defaultdict(list)
    held: list[Rate] = []
    number = 0
    for day, units in walk(plan):
        if is_business_day(day):
            of_day = [Rate(day, code, int(unit), midnight(day) + PUBLISHED) for code, unit in enumerate(units)]
            for made, rate in corrections(plan, of_day):
                corrected[made].append(rate)
            held += [*corrected.pop(day, []), *of_day]
            number += 1
        waits = late and (number - 1) % LATE_CYCLE in LATE_OF_CYCLE
        if day >= plan.start and held and not waits:
            yield RateFile(day, tuple(held))
            held = []


def is_business_day(day: date) -> bool:
    return day.weekday() < SATURDAY


def walk(plan: WorldPlan) -> Iterator[tuple[date, Ints]]:
    """Units on each day: it moves from the day before, so a longer plan only adds days."""
    away = np.zeros(len(QUOTED))
    day = plan.start - timedelta(days=DAYS_BEFORE)
    while day <= plan.end_date:
        if is_business_day(day):
            moves = stream(plan.seed, "rates", day.toordinal()).standard_normal(len(QUOTED))
            away = away * (1 - REVERSION) + moves * DAILY_MOVE
        yield day, np.rint(LEVELS * (1 + away) * 10**DIGITS / STEPS).astype(np.int64) * STEPS
        day += timedelta(days=1)


def corrections(plan: WorldPlan, rates: list[Rate]) -> Iterator[tuple[date, Rate]]:
    """Some rates were wrong by a little; the right ones are made one to three business days later."""
    rng = stream(plan.seed, "rate_corrections", rates[0].day.toordinal())
    for rate in rates:
        if rng.random() < SHARE_CORRECTED:
            step = int(STEPS[rate.currency])
            off = max(int(rate.units * (0.001 + 0.004 * rng.random())) // step, 1) * step
            made = after_business_days(rate.day, int(rng.integers(1, 4)))
            yield made, Rate(rate.day, rate.currency, rate.units + off, midnight(made) + PUBLISHED + HOUR)


def after_business_days(day: date, count: int) -> date:
    for _ in range(count):
        day += timedelta(days=3 if day.weekday() == SATURDAY - 1 else 1)
    return day


def rate_batch(rates: tuple[Rate, ...]) -> Batch:
    """The columns of the contract `fx_rates`."""
    days = np.array([rate.day.toordinal() for rate in rates]) - date(1970, 1, 1).toordinal()
    return {
        "rate_date": dates(days),
        "currency": chosen(CURRENCY_CODES, np.array([rate.currency for rate in rates])),
        "rate": amounts(np.array([rate.units for rate in rates]), DIGITS),
        "updated_at": instants(np.array([rate.updated_at for rate in rates])),
    }
