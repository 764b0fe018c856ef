"""What was sold at which price, as arrays of products and days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from cartlake.errors import TerminalError

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

WINDOW_DAYS: Final = 730
"""The most days that are looked back: two of each season."""


class Sale(NamedTuple):
    """What was sold of a product on a day: units, and the order lines they were on."""

    product_id: str
    day: date
    units: float
    purchases: float


class Offer(NamedTuple):
    """A version of a product in the catalogue: its price and cost from a day to before another, None for now."""

    product_id: str
    category: str
    valid_from: date
    valid_to: date | None
    list_price: float
    unit_cost: float | None
    is_active: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """Products [p], in the order of their ids, and consecutive days [d] from `first_day` on.

    units, purchases: [p, d] sold, NaN where it is not known: before a product began, and on days without a sale of
    any product, which are taken for gaps in the data. price: [p, d] list price of the day, NaN on days on which it
    changed or is not known. category: [p] places in `categories`. list_price, unit_cost: [p] of now, NaN for none.
    """

    product_ids: tuple[str, ...]
    categories: tuple[str, ...]
    category: Ints
    first_day: date
    units: Floats
    purchases: Floats
    price: Floats
    list_price: Floats
    unit_cost: Floats

    @property
    def days(self) -> int:
        """Return the number of days."""
        return int(self.units.shape[1])

    @property
    def last_day(self) -> date:
        """Return the last day."""
        return self.first_day + timedelta(days=self.days - 1)

    def until(self, days: int) -> "Demand":
        """Return the same of the first days alone."""
        return replace(self, units=self.units[:, :days], purchases=self.purchases[:, :days], price=self.price[:, :days])


class NoSalesError(TerminalError):
    """Nothing was sold on any whole day, so there is nothing to forecast from."""


def demand_of(sales: Iterable[Sale], offers: Iterable[Offer], today: date) -> Demand:
    """Return the demand of every product that is offered or was sold in the last `WINDOW_DAYS` before `today`.

    The versions of a product come in the order of time. Sales of `today` are left out, for the day is not over. A
    product begins on the earlier of its first sale and its first version; one that the catalogue does not have is of
    the category `unknown`. Raises NoSalesError.
    """
    past = [sale for sale in sales if sale.day < today]
    if not past:
        raise NoSalesError(f"No unit was sold before {today}: load orders first, then forecast.")
    last_day = max(sale.day for sale in past)
    first_day = max(min(sale.day for sale in past), last_day - timedelta(days=WINDOW_DAYS - 1))
    recent = [sale for sale in past if sale.day >= first_day]
    versions = sorted(offers, key=lambda offer: offer.product_id)
    current = {offer.product_id: offer for offer in versions if offer.is_current}
    wanted = {one.product_id for one in current.values() if one.is_active} | {sale.product_id for sale in recent}
    product_ids = tuple(sorted(wanted))
    place = {product_id: row for row, product_id in enumerate(product_ids)}
    shape = len(product_ids), (last_day - first_day).days + 1
    units, purchases = _sold(recent, place, first_day, shape)
    mine = [version for version in versions if version.product_id in place]
    price = _prices(mine, place, first_day, shape)
    categories, category = _categories([current.get(product_id) for product_id in product_ids])
    unknown = _before_begin(units, mine, place, first_day) | (units.sum(axis=0) == 0)
    return Demand(
        product_ids=product_ids,
        categories=categories,
        category=category,
        first_day=first_day,
        units=np.where(unknown, np.nan, units),
        purchases=np.where(unknown, np.nan, purchases),
        price=price,
        list_price=_of_now([current.get(p) for p in product_ids], "list_price"),
        unit_cost=_of_now([current.get(p) for p in product_ids], "unit_cost"),
    )


def _sold(
    sales: Iterable[Sale], place: dict[str, int], first_day: date, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    units, purchases = np.zeros(shape), np.zeros(shape)
    for sale in sales:
        at = place[sale.product_id], (sale.day - first_day).days
        units[at] += sale.units
        purchases[at] += sale.purchases
    return units, purchases


def _prices(versions: Sequence[Offer], place: dict[str, int], first_day: date, shape: tuple[int, int]) -> Floats:
    """[p, d]: the price of each whole day. On the day of a change both prices were paid, so it has none."""
    price = np.full(shape, np.nan)
    for version in versions:
        row, begin = place[version.product_id], _day(version.valid_from, first_day)
        end = shape[1] if version.valid_to is None else _day(version.valid_to, first_day)
        price[row, max(begin, 0) : max(end, 0)] = version.list_price
    for before, version in pairwise(versions):
        begin = _day(version.valid_from, first_day)
        changed = before.product_id == version.product_id and before.list_price != version.list_price
        if changed and 0 <= begin < shape[1]:
            price[place[version.product_id], begin] = np.nan
    return price


def _day(day: date, first_day: date) -> int:
    return (day - first_day).days


def _before_begin(units: Floats, versions: Sequence[Offer], place: dict[str, int], first_day: date) -> Bools:
    """[p, d]: the days before the first sale and before the first version of a product."""
    begin = np.where(units.any(axis=1), (units > 0).argmax(axis=1), units.shape[1])
    for version in versions:
        row = place[version.product_id]
        begin[row] = min(begin[row], max(_day(version.valid_from, first_day), 0))
    before: Bools = np.arange(units.shape[1]) < begin[:, None]
    return before


def _categories(current: Sequence[Offer | None]) -> tuple[tuple[str, ...], Ints]:
    names = [offer.category if offer else "unknown" for offer in current]
    categories, places = np.unique(names, return_inverse=True)
    return tuple(str(name) for name in categories), places.astype(np.int64)


def _of_now(current: Sequence[Offer | None], attribute: str) -> Floats:
    values = [getattr(offer, attribute) if offer else None for offer in current]
    return np.array([np.nan if value is None else float(value) for value in values])
