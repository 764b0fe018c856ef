"""Visits of people to the shop: visitor, start, device, and the steps of each.

A visit that buys ends with the purchase. Visits of one visitor are always more than half an hour apart, and steps of
one visit less, so that sessions can be counted beforehand.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from generators.orders.lines import Orders
from generators.plan.seasonality import second_of_day
from generators.plan.world import Chunk, WorldPlan
from generators.randomness import Bools, Ints, pick
from generators.shop.markets import CHANNELS, MARKETS
from generators.shop.shop import PRODUCT_COUNT, Offer
from generators.times import DAY
from generators.visits.steps import (
    BUYING,
    BUYING_AFTER_SEARCH,
    LOOKING_SHARES,
    MOST_PRODUCTS,
    TEMPLATE_LENGTH,
    Steps,
    walk,
)

Longs = npt.NDArray[np.uint64]

LOOKERS_PER_ORDER: Final = 2.7
SHARE_SEARCHING: Final = 0.3
SHARE_OF_CUSTOMERS: Final = 0.45  # of the visits without an order; the others are anonymous
SHARE_LOGGED_IN: Final = 0.4  # of the looking customers; buyers log in at checkout at the latest
SHARE_ONE_TIME: Final = 0.5  # of the anonymous: cookies that are not seen again
ANONYMOUS_PER_ORDER: Final = 6

APART: Final = 31 * 60
LOGGED_OUT: Final = 99

DESKTOP, MOBILE, TABLET = range(3)
WEB: Final = CHANNELS.index("web")
PHONE: Final = CHANNELS.index("mobile")

# Visitor numbers: two devices of each customer from 0 on, then anonymous ones, then cookies seen once, then robots.
ANONYMOUS: Final = 1 << 40
ONE_TIME: Final = 1 << 46
VISITOR_BITS: Final = 48
VISITOR_SCRAMBLER: Final = 0x9E3779B97F4B | 1


@dataclass(frozen=True)
class Visits:
    """Arrays with one element per visit, in order of `start` (Unix seconds). Codes index the tables of this folder.

    customer: -1 for an unknown one. login: position of the first step at which the customer is known.
    order: index of the order placed, within its chunk, or -1. products: [n, MOST_PRODUCTS].
    """

    start: Ints
    template: Ints
    customer: Ints
    visitor: Ints
    device: Ints
    market: Ints
    login: Ints
    order: Ints
    products: Ints

    def __len__(self) -> int:
        return len(self.start)


def buys_online(channel: Ints) -> Bools:
    online: Bools = (channel == WEB) | (channel == PHONE)
    return online


def popular_products(offer: Offer) -> Ints:
    """Products by popularity, in a table to pick from at random: far faster than searching the weights."""
    shares = np.cumsum(offer.popularity) / offer.popularity.sum()
    return np.minimum(np.searchsorted(shares, (np.arange(1 << 16) + 0.5) / (1 << 16)), PRODUCT_COUNT - 1)


@dataclass(frozen=True)
class VisitMaker:
    """Makes the visits of a chunk: of the orders placed in it, and those without an order."""

    plan: WorldPlan
    products: Ints

    def make(self, rng: np.random.Generator, chunk: Chunk, orders: Orders, bought: Ints) -> tuple[Visits, Steps]:
        """Return the visits, and their steps.

        bought: [orders, MOST_PRODUCTS] products, -1 where an order has fewer. `ordered_at` of the orders is when the
        visit begins; the steps decide when the order is placed.
        """
        buyers = self._buyers(rng, orders, bought)
        lookers = self._lookers(rng, chunk, round(len(orders.customer) * LOOKERS_PER_ORDER))
        together = {name: np.concatenate([getattr(buyers, name), getattr(lookers, name)]) for name in FIELDS}
        by_time = np.argsort(together["start"], kind="stable")
        visits = Visits(**{name: values[by_time] for name, values in together.items()})
        steps = walk(rng, visits.start, visits.template)
        return replace(visits, visitor=separate_visitors(visits, steps, chunk)), steps

    def _buyers(self, rng: np.random.Generator, orders: Orders, bought: Ints) -> Visits:
        online = np.flatnonzero(buys_online(orders.channel))
        customer = orders.customer[online]
        by_phone = orders.channel[online] == PHONE
        searching = rng.random(len(online)) < SHARE_SEARCHING
        products = bought[online]
        template = (products >= 0).sum(axis=1) - 1 + len(BUYING) * searching
        checkout = TEMPLATE_LENGTH[template] - 2
        return Visits(
            start=orders.ordered_at[online],
            template=template,
            customer=customer,
            visitor=2 * customer + ~by_phone,
            device=device_of(customer, by_phone),
            market=orders.market[online],
            login=np.where(rng.random(len(online)) < SHARE_LOGGED_IN, 0, checkout),
            order=online,
            products=np.maximum(products, 0),
        )

    def _lookers(self, rng: np.random.Generator, chunk: Chunk, size: int) -> Visits:
        day, part = chunk.day, chunk.part
        known = rng.random(size) < SHARE_OF_CUSTOMERS
        customer = np.where(known, rng.integers(*chunk.customers, size), -1)
        by_phone = rng.random(size) < 0.55  # noqa: PLR2004 - a little more than half
        pool = self.plan.orders_per_day * ANONYMOUS_PER_ORDER
        anonymous = rng.integers(pool * part // day.parts, max(pool * (part + 1) // day.parts, 1), size)
        visitor = np.where(known, 2 * customer + ~by_phone, ANONYMOUS + anonymous)
        once = ~known & (rng.random(size) < SHARE_ONE_TIME)
        market = pick(rng, np.array([market.share for market in MARKETS]), size)
        return Visits(
            start=day.start + second_of_day(day.date, rng.random(size)),
            template=len(BUYING) + len(BUYING_AFTER_SEARCH) + pick(rng, LOOKING_SHARES, size),
            customer=customer,
            visitor=np.where(once, one_time(chunk, np.arange(size)), visitor),
            device=np.where(known, device_of(customer, by_phone), device_of(anonymous, anonymous % 9 < 5)),  # noqa: PLR2004
            market=np.where(known, self.plan.shop.market[customer], market),
            login=np.where(known & (rng.random(size) < SHARE_LOGGED_IN), 0, LOGGED_OUT),
            order=np.full(size, -1),
            products=self.products[rng.integers(0, len(self.products), (size, MOST_PRODUCTS))],
        )


FIELDS: Final = tuple(Visits.__dataclass_fields__)


def device_of(owner: Ints, by_phone: Bools) -> Ints:
    """One in eight has a tablet where the others have a computer."""
    return np.where(by_phone, MOBILE, np.where(owner % 8 == 3, TABLET, DESKTOP))  # noqa: PLR2004


def one_time(chunk: Chunk, number: Ints) -> Ints:
    return ONE_TIME + (chunk.number << 18) + number


def separate_visitors(visits: Visits, steps: Steps, chunk: Chunk) -> Ints:
    """The visitor of each visit: a new one when it is too close to an earlier visit, or lasts into the next day."""
    day = chunk.day
    by_visitor = np.lexsort((visits.start, visits.visitor))
    visitor = visits.visitor[by_visitor]
    group = np.cumsum(np.concatenate([[0], visitor[1:] != visitor[:-1]])) << 40
    end = steps.at[steps.last][by_visitor] - day.start
    busy_until = np.maximum.accumulate(group + end + APART)
    close = np.zeros(len(visits), dtype=bool)
    close[by_visitor[1:]] = busy_until[:-1] >= (group + visits.start[by_visitor] - day.start)[1:]
    close |= steps.at[steps.last] >= day.start + DAY - APART
    return np.where(close, one_time(chunk, (1 << 17) + np.arange(len(visits))), visits.visitor)


def visitor_identifiers(plan: WorldPlan, numbers: Ints) -> Longs:
    """The numbers behind visitor_id: another one for each visitor number, and not consecutive."""
    shifted = numbers.astype(np.uint64) + np.uint64(plan.anchor & ((1 << VISITOR_BITS) - 1))
    return (shifted * np.uint64(VISITOR_SCRAMBLER)) & np.uint64((1 << VISITOR_BITS) - 1)


def order_moments(rng: np.random.Generator, orders: Orders, visits: Visits, steps: Steps) -> Ints:
    """Return when each order is placed: online some seconds before its purchase event, on the same day."""
    buying = np.flatnonzero(visits.order >= 0)
    seen = steps.at[steps.last[buying]]
    placed = seen - rng.integers(0, 4, len(buying))
    moments = orders.ordered_at.copy()
    moments[visits.order[buying]] = np.where(placed // DAY == seen // DAY, placed, seen)
    return moments
