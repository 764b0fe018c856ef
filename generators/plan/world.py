"""The plan of a whole world: which days, how many orders and customers on each.

What a day holds depends on the first day, not on how many days follow it.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import numpy as np

from generators.plan.seasonality import day_weight
from generators.shop.shop import MAX_CUSTOMERS, Offer, Shop, build_shop
from generators.times import midnight

ORDERS_PER_CHUNK: Final = 20_000  # about 220,000 events
CUSTOMERS_PER_ORDER: Final = 0.35  # over the first 90 days
NORMAL_DAYS: Final = 90
SHARE_AT_START: Final = 0.7  # of the customers of those days; the others join during them
MIN_CUSTOMERS: Final = 150
EARLIEST: Final = date(2020, 1, 1)  # the contracts accept nothing before 2015
MOST_DAYS: Final = 10_000
MOST_ORDERS: Final = 20_000_000  # a day
MOST_PARTS: Final = 1 << 12  # of a day; the last is of the robots


@dataclass(frozen=True)
class Day:
    """One day of the plan. `index` counts from 0, `first_order` is the number of its first order in this world.

    known, joined: how many customers there are before and after it; those of the day itself order from the next on.
    """

    index: int
    date: date
    orders: int
    first_order: int
    known: int
    joined: int

    @property
    def start(self) -> int:
        """Its first second (Unix, UTC)."""
        return midnight(self.date)

    @property
    def number(self) -> int:
        """Days since 1970."""
        return self.start // 86_400

    @property
    def parts(self) -> int:
        return math.ceil(self.orders / ORDERS_PER_CHUNK)


@dataclass(frozen=True)
class WorldPlan:
    """Together the fields decide every clean row. Raises ValueError for what cannot be planned."""

    start: date
    days: int
    orders_per_day: int
    seed: int
    price_demand: bool = False
    """Whether demand answers to prices, and has seasons by category: see `generators.plan.demand`."""

    def __post_init__(self) -> None:
        if not (1 <= self.days <= MOST_DAYS and 1 <= self.orders_per_day <= MOST_ORDERS and self.seed >= 0):
            raise ValueError(
                f"days={self.days}, orders_per_day={self.orders_per_day}, seed={self.seed}: give 1 to {MOST_DAYS} "
                f"days, 1 to {MOST_ORDERS} orders a day, and a seed of 0 or more"
            )
        if self.start < EARLIEST:
            raise ValueError(
                f"The first day is {self.start}: give one from {EARLIEST} on, as customers are years older"
            )

    @property
    def first_second(self) -> int:
        """The first second (Unix, UTC) of the first day."""
        return midnight(self.start)

    @property
    def end_date(self) -> date:
        return self.start + timedelta(days=self.days - 1)

    @property
    def end(self) -> int:
        """The first second (Unix, UTC) after the last day."""
        return midnight(self.end_date + timedelta(days=1))

    @property
    def last_number(self) -> int:
        """The last day, counted from 1970."""
        return self.end // 86_400 - 1

    @cached_property
    def anchor(self) -> int:
        """A number added to all identifiers, so that worlds of another seed, start or size have other ones."""
        text = f"world {self.seed} {self.start} {self.orders_per_day}{' price_demand' if self.price_demand else ''}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")

    @cached_property
    def shop(self) -> Shop:
        """The shop with the customers of all days: a longer plan only adds customers at the end."""
        return build_shop(self.seed, self.joined(self.days - 1))

    def joined(self, index: int) -> int:
        """Customers by the end of a day; of day -1 those at the start."""
        customers = self.orders_per_day * NORMAL_DAYS * CUSTOMERS_PER_ORDER
        at_start = max(int(customers * SHARE_AT_START), MIN_CUSTOMERS)
        joining = (index + 1) * customers * (1 - SHARE_AT_START) / NORMAL_DAYS
        return min(at_start + int(joining), MAX_CUSTOMERS)

    def calendar(self) -> Iterator[Day]:
        usual = np.mean([day_weight(self.start + timedelta(days=day), self.seed) for day in range(NORMAL_DAYS)])
        first_order = 0
        for index in range(self.days):
            day = self.start + timedelta(days=index)
            orders = max(1, round(self.orders_per_day * day_weight(day, self.seed) / float(usual)))
            yield Day(index, day, orders, first_order, self.joined(index - 1), self.joined(index))
            first_order += orders

    def chunks(self, day: Day, offer: Offer | None = None) -> Iterator["Chunk"]:
        """The chunks of a day, whose orders are of an offer: that of the shop unless another is given."""
        return (Chunk(self, day, part, offer or self.shop.offer) for part in range(day.parts))


@dataclass(frozen=True)
class Chunk:
    """Part `part` of a day: all its hours, but only some of the customers; no customer is in two parts."""

    plan: WorldPlan
    day: Day
    part: int
    offer: Offer

    @property
    def place(self) -> tuple[int, int]:
        return self.day.date.toordinal(), self.part

    @property
    def number(self) -> int:
        """A number that no other chunk of the world has."""
        return self.day.index * MOST_PARTS + self.part

    @property
    def orders(self) -> int:
        return self._share(self.part + 1) - self._share(self.part)

    @property
    def first_order(self) -> int:
        return self.day.first_order + self._share(self.part)

    @cached_property
    def customers(self) -> tuple[int, int]:
        """The first customer, and the one after the last; each part has customers of the same loyalty in sum."""
        loyalty = self.plan.shop.loyalty[: self.day.known]
        bounds = np.array([self.part, self.part + 1]) / self.day.parts * loyalty[-1]
        first, end = np.searchsorted(loyalty, bounds).tolist()
        return first, self.day.known if self.part + 1 == self.day.parts else max(end, first + 1)

    def _share(self, parts: int) -> int:
        return self.day.orders * parts // self.day.parts
