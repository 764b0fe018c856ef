"""Clean order lines as numpy arrays: the numbers, before any file format."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from generators.lifecycle import HOUR, observe
from generators.randomness import Bools, Ints, pick, stream
from generators.seasonality import rows_per_day, second_of_day, window
from generators.world import (
    CHANNELS,
    MARKET_CURRENCY,
    MARKET_TAX,
    PAYMENT_METHODS,
    World,
    build_world,
)

CHUNK_ROWS: Final = 200_000  # about 60 MB at work, and long enough for numpy to pay
ROWS_PER_CUSTOMER: Final = 7
MIN_CUSTOMERS: Final = 200
MAX_CUSTOMERS: Final = 500_000

LINES_PER_ORDER: Final = np.array([0.50, 0.24, 0.12, 0.06, 0.035, 0.02, 0.012, 0.008, 0.004, 0.001])
QUANTITIES: Final = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 50, 200])
QUANTITY_SHARES: Final = np.array([0.70, 0.16, 0.055, 0.03, 0.015, 0.012, 0.008, 0.008, 0.006, 0.004, 0.0015, 0.0005])
PERCENT_OFF: Final = np.array([0, 5, 10, 15, 20, 30, 50])
PERCENT_OFF_SHARES: Final = np.array([0.78, 0.04, 0.08, 0.03, 0.04, 0.02, 0.01])
SHARE_OF_HABIT: Final = 0.8  # how often customers keep to their usual channel and way to pay
SHARE_OF_MAILED_RECEIPTS: Final = 0.6  # in stores; elsewhere every order has an address
CUSTOMERS_AT_START: Final = 0.7  # share of all customers who bought before the window; the others join during it

# The files show each line as it was known half a day before the window ends; the late file tells what came after.
UNOBSERVED_END: Final = 12 * HOUR

ORDER_NUMBERS: Final = 1 << 40  # ten hexadecimal digits
SCRAMBLER: Final = 0x9E3779B97F | 1  # odd, so that multiplying by it permutes the order numbers


@dataclass(frozen=True)
class Plan:
    """Which rows to make. Together the fields decide every byte.

    Raises ValueError for fewer rows than days: a day's file always has a row.
    """

    rows: int
    days: int
    seed: int
    end_date: date

    def __post_init__(self) -> None:
        if self.days < 1 or self.rows < self.days or self.seed < 0:
            raise ValueError(
                f"rows={self.rows}, days={self.days}, seed={self.seed}: "
                "give at least one day, one row a day, and a seed of 0 or more"
            )

    @property
    def customers(self) -> int:
        return min(max(self.rows // ROWS_PER_CUSTOMER, MIN_CUSTOMERS), MAX_CUSTOMERS)

    @property
    def end(self) -> int:
        """The first second (Unix, UTC) after the window."""
        return midnight(self.end_date + timedelta(days=1))

    @property
    def observed(self) -> int:
        """The second up to which the daily files know what became of their lines."""
        return self.end - UNOBSERVED_END


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class OrderLines:
    """Columns of one length [n]: one row per order line.

    Money is in cents, times are Unix seconds (UTC), codes index the tables of `world` and `lifecycle`, `order` is the
    number behind order_id, `customer` and `product` are zero-based. `mailed`: whether the e-mail address is known.
    """

    order: Ints
    line: Ints
    customer: Ints
    product: Ints
    status: Ints
    channel: Ints
    payment: Ints
    market: Ints
    currency: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints
    tax: Ints
    total: Ints
    ordered_at: Ints
    updated_at: Ints
    mailed: Bools

    def __len__(self) -> int:
        return len(self.order)

    def take(self, rows: Ints) -> "OrderLines":
        """The rows at these zero-based positions, in their order."""
        return OrderLines(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @staticmethod
    def concat(parts: "list[OrderLines]") -> "OrderLines":
        names = [field.name for field in fields(OrderLines)]
        return OrderLines(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class Slot:
    """Where a run of rows belongs: part `part` of `parts` of one day's file, from 1-based row `first_row` on.

    active: how many customers there are by that day. first_order: the first order number it may use.
    """

    day: date
    part: int
    parts: int
    first_row: int
    rows: int
    active: int
    first_order: int

    @property
    def place(self) -> tuple[int, int]:
        return self.day.toordinal(), self.part


def slots(plan: Plan) -> Iterator[Slot]:
    """The whole plan, day by day in order of time, at most `CHUNK_ROWS` at once."""
    days = window(plan.end_date, plan.days)
    first_order = first_order_number(plan)
    for position, (day, rows) in enumerate(zip(days, rows_per_day(plan.rows, days, plan.seed), strict=True), start=1):
        joined = CUSTOMERS_AT_START + (1 - CUSTOMERS_AT_START) * position / plan.days
        active = max(1, int(plan.customers * joined))
        parts = math.ceil(rows / CHUNK_ROWS)
        for part in range(parts):
            start, stop = rows * part // parts, rows * (part + 1) // parts
            # An order has at least one line, so a day needs no more order numbers than it has rows.
            yield Slot(day, part, parts, start + 1, stop - start, active, first_order + start)
        first_order += rows


def first_order_number(plan: Plan) -> int:
    """Plans that differ in anything start far apart, so that their orders may live in one lake."""
    text = f"{plan.rows} {plan.days} {plan.seed} {plan.end_date}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:5], "big")


def draw(plan: Plan, slot: Slot) -> OrderLines:
    """The clean lines of one slot, in order of time; the lines of an order stand together."""
    rng = stream(plan.seed, "orders", *slot.place)
    world = build_world(plan.seed, plan.customers)
    of_order, line = group_into_orders(rng, slot.rows)
    orders = draw_orders(rng, world, slot, int(of_order[-1]) + 1, plan.observed)
    product = pick(rng, world.popularity, slot.rows)
    quantity = QUANTITIES[pick(rng, QUANTITY_SHARES, slot.rows)]
    return assemble(world, orders, slot.first_order, Basket(of_order, line, product, quantity))


@dataclass(frozen=True)
class Basket:
    """What is bought, one array element per line: `order` is zero-based within its chunk, `line` counts from 1."""

    order: Ints
    line: Ints
    product: Ints
    quantity: Ints


def assemble(world: World, orders: "Orders", first_order: int, basket: Basket) -> OrderLines:
    """The lines of a chunk of orders, with prices."""
    of_order = basket.order
    currency = MARKET_CURRENCY[orders.market][of_order]
    unit_price = world.price[basket.product, currency]
    tax_rate = MARKET_TAX[orders.market][of_order]
    discount, tax, total = priced(basket.quantity, unit_price, orders.percent_off[of_order], tax_rate)
    return OrderLines(
        order=order_identifiers(first_order + of_order),
        line=basket.line,
        customer=orders.customer[of_order],
        product=basket.product,
        status=orders.status[of_order],
        channel=orders.channel[of_order],
        payment=orders.payment[of_order],
        market=orders.market[of_order],
        currency=currency,
        quantity=basket.quantity,
        unit_price=unit_price,
        discount=discount,
        tax=tax,
        total=total,
        ordered_at=orders.ordered_at[of_order],
        updated_at=orders.updated_at[of_order],
        mailed=orders.mailed[of_order],
    )


def order_identifiers(numbers: Ints) -> Ints:
    """Consecutive numbers to the scattered ones of order_id, each its own."""
    # The multiplication may overflow: the 40 bits that are kept stay right.
    return (numbers * SCRAMBLER) & (ORDER_NUMBERS - 1)


def priced(quantity: Ints, unit_price: Ints, percent_off: Ints, tax_basis_points: Ints) -> tuple[Ints, Ints, Ints]:
    """Discount, tax and total of lines, in cents."""
    value = quantity * unit_price
    discount = rounded_share(value, percent_off, 100)
    tax = rounded_share(value - discount, tax_basis_points, 10_000)
    return discount, tax, value - discount + tax


@dataclass(frozen=True)
class Orders:
    """What the lines of an order share, one array element per order; units as in `OrderLines`."""

    customer: Ints
    market: Ints
    channel: Ints
    payment: Ints
    percent_off: Ints
    status: Ints
    ordered_at: Ints
    updated_at: Ints
    mailed: Bools


def draw_orders(rng: np.random.Generator, world: World, slot: Slot, size: int, observed: int) -> Orders:
    customer = np.searchsorted(world.loyalty[: slot.active], rng.random(size) * world.loyalty[slot.active - 1])
    channel = keep_or_change(rng, world.channel[customer], len(CHANNELS))
    payment = keep_or_change(rng, world.payment[customer], len(PAYMENT_METHODS))
    quantile = (slot.part + np.sort(rng.random(size))) / slot.parts
    ordered_at = midnight(slot.day) + second_of_day(slot.day, quantile)
    by_transfer = payment == PAYMENT_METHODS.index("bank_transfer")
    status, changed = observe(rng, np.maximum(observed - ordered_at, 0), by_transfer)
    return Orders(
        customer=customer,
        market=world.market[customer],
        channel=channel,
        payment=payment,
        percent_off=PERCENT_OFF[pick(rng, PERCENT_OFF_SHARES, size)],
        status=status,
        ordered_at=ordered_at,
        updated_at=ordered_at + changed,
        mailed=(channel != CHANNELS.index("store")) | (rng.random(size) < SHARE_OF_MAILED_RECEIPTS),
    )


def group_into_orders(rng: np.random.Generator, rows: int) -> tuple[Ints, Ints]:
    """For each row, the zero-based number of its order and its line number from 1; the last order may be cut short."""
    ends = np.cumsum(1 + pick(rng, LINES_PER_ORDER, rows))
    of_order = np.searchsorted(ends, np.arange(rows), side="right")
    starts = np.concatenate([[0], ends])
    return of_order, np.arange(rows) - starts[of_order] + 1


def keep_or_change(rng: np.random.Generator, habit: Ints, choices: int) -> Ints:
    """Most orders follow the customer's habit; the rest take any of the choices."""
    return np.where(rng.random(len(habit)) < SHARE_OF_HABIT, habit, rng.integers(0, choices, len(habit)))


def rounded_share(cents: Ints, numerator: Ints, denominator: int) -> Ints:
    """The cents * numerator / denominator, half a cent rounded up; nothing here is negative."""
    return (cents * numerator * 2 + denominator) // (denominator * 2)
