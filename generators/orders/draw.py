"""Who orders what: orders and their lines, by number of rows (`draw`) or by number of orders, as in a world."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from generators.orders.lifecycle import PLACED, draw_times, observe
from generators.orders.lines import Basket, OrderLines, Orders, assemble
from generators.orders.timeline import Timeline, make_timeline
from generators.plan.rows import RowPlan, Slot
from generators.plan.seasonality import second_of_day
from generators.plan.world import Chunk
from generators.randomness import Bools, Ints, pick, stream
from generators.shop.markets import CHANNELS, PAYMENT_METHODS
from generators.shop.shop import Offer, Shop, build_shop
from generators.times import midnight
from generators.visits.steps import MOST_PRODUCTS

LINES_PER_ORDER: Final = np.array([0.50, 0.24, 0.12, 0.06, 0.035, 0.02, 0.012, 0.008, 0.004, 0.001])
QUANTITIES: Final = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 50, 200])
QUANTITY_SHARES: Final = np.array([0.70, 0.16, 0.055, 0.03, 0.015, 0.012, 0.008, 0.008, 0.006, 0.004, 0.0015, 0.0005])
PERCENT_OFF: Final = np.array([0, 5, 10, 15, 20, 30, 50])
PERCENT_OFF_SHARES: Final = np.array([0.78, 0.04, 0.08, 0.03, 0.04, 0.02, 0.01])
SHARE_OF_HABIT: Final = 0.8  # how often customers keep to their usual channel and way to pay
SHARE_OF_MAILED_RECEIPTS: Final = 0.6  # in stores; elsewhere every order has an address


@dataclass(frozen=True)
class Demand:
    """Orders to draw: how many, by the customers from `first` to before `end`, in part `part` of `parts` of a day.

    observed: the second (Unix, UTC) up to which changes of their status are known; None leaves them as placed.
    """

    orders: int
    first: int
    end: int
    day: date
    part: int = 0
    parts: int = 1
    observed: int | None = None


def draw(plan: RowPlan, slot: Slot) -> OrderLines:
    """The clean lines of one slot, in order of time; the lines of an order stand together."""
    rng = stream(plan.seed, "orders", *slot.place)
    shop = build_shop(plan.seed, plan.customers)
    of_order, line = group_into_orders(rng, slot.rows)
    size = int(of_order[-1]) + 1
    orders = draw_orders(rng, shop, Demand(size, 0, slot.active, slot.day, slot.part, slot.parts, plan.observed))
    return assemble(shop.offer, orders, slot.first_order, draw_basket(rng, shop.offer, of_order, line))


def draw_orders(rng: np.random.Generator, shop: Shop, demand: Demand) -> Orders:
    """The orders in order of time."""
    size = demand.orders
    customer = loyal_customers(rng, shop, demand)
    channel = keep_or_change(rng, shop.channel[customer], len(CHANNELS))
    payment = keep_or_change(rng, shop.payment[customer], len(PAYMENT_METHODS))
    quantile = (demand.part + np.sort(rng.random(size))) / demand.parts
    ordered_at = midnight(demand.day) + second_of_day(demand.day, quantile)
    status, changed = np.full(size, PLACED), np.zeros(size, dtype=np.int64)
    if demand.observed is not None:
        status, changed = observe(rng, np.maximum(demand.observed - ordered_at, 0), pays_late(payment))
    return Orders(
        customer=customer,
        market=shop.market[customer],
        channel=channel,
        payment=payment,
        percent_off=PERCENT_OFF[pick(rng, PERCENT_OFF_SHARES, size)],
        status=status,
        ordered_at=ordered_at,
        updated_at=ordered_at + changed,
        mailed=(channel != CHANNELS.index("store")) | (rng.random(size) < SHARE_OF_MAILED_RECEIPTS),
    )


def loyal_customers(rng: np.random.Generator, shop: Shop, demand: Demand) -> Ints:
    """One customer per order; the loyal ones more often."""
    below = shop.loyalty[demand.first - 1] if demand.first else 0.0
    weight = below + rng.random(demand.orders) * (shop.loyalty[demand.end - 1] - below)
    customers: Ints = np.clip(np.searchsorted(shop.loyalty[: demand.end], weight), demand.first, demand.end - 1)
    return customers


def pays_late(payment: Ints) -> Bools:
    """Whether an order is paid by bank transfer, which takes days."""
    late: Bools = payment == PAYMENT_METHODS.index("bank_transfer")
    return late


def group_into_orders(rng: np.random.Generator, rows: int) -> tuple[Ints, Ints]:
    """For each row, the zero-based number of its order and its line number from 1; the rows end with any line."""
    ends = np.cumsum(1 + pick(rng, LINES_PER_ORDER, rows))
    of_order = np.searchsorted(ends, np.arange(rows), side="right")
    starts = np.concatenate([[0], ends])
    return of_order, np.arange(rows) - starts[of_order] + 1


def orders_of(rng: np.random.Generator, chunk: Chunk) -> Orders:
    """Return the orders of a chunk; `ordered_at` is when the visit begins, `order_moments` has when it is placed."""
    first, end = chunk.customers
    return draw_orders(rng, chunk.plan.shop, Demand(chunk.orders, first, end, chunk.day.date))


def basket_of(rng: np.random.Generator, chunk: Chunk) -> Basket:
    """Return the products and quantities of the orders of a chunk."""
    lines_per_order = 1 + pick(rng, LINES_PER_ORDER, chunk.orders)
    order = np.repeat(np.arange(chunk.orders), lines_per_order)
    first_line = np.cumsum(lines_per_order) - lines_per_order
    return draw_basket(rng, chunk.offer, order, np.arange(len(order)) - first_line[order] + 1)


def draw_basket(rng: np.random.Generator, offer: Offer, order: Ints, line: Ints) -> Basket:
    """Return the products of these lines of these orders, and their quantities."""
    product = pick(rng, offer.popularity, len(order))
    return Basket(order, line, product, QUANTITIES[pick(rng, QUANTITY_SHARES, len(order))])


def products_of(chunk: Chunk, basket: Basket) -> Ints:
    """[orders, MOST_PRODUCTS]: the products of the first lines, -1 where an order has fewer."""
    products = np.full((chunk.orders, MOST_PRODUCTS), -1)
    first = np.flatnonzero(basket.line <= MOST_PRODUCTS)
    products[basket.order[first], basket.line[first] - 1] = basket.product[first]
    return products


def placed_lines(chunk: Chunk, orders: Orders, basket: Basket, moments: Ints) -> OrderLines:
    """The lines as they are placed at these moments."""
    placed = replace(orders, ordered_at=moments, updated_at=moments)
    return assemble(chunk.offer, placed, chunk.plan.anchor + chunk.first_order, basket)


def timeline_of(chunk: Chunk, orders: Orders, basket: Basket, lines: OrderLines) -> Timeline:
    """The lines with all their versions."""
    rng = stream(chunk.plan.seed, "timeline", *chunk.place)
    times = draw_times(rng, pays_late(orders.payment))
    return make_timeline(rng, lines, basket.order, times, orders.percent_off)


def keep_or_change(rng: np.random.Generator, habit: Ints, choices: int) -> Ints:
    """Most orders follow the customer's habit; the rest take any of the choices."""
    return np.where(rng.random(len(habit)) < SHARE_OF_HABIT, habit, rng.integers(0, choices, len(habit)))
