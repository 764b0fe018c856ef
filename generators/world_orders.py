"""The orders of a world: who orders what in a chunk of a day."""

from dataclasses import replace

import numpy as np

from generators.lifecycle import PLACED, live
from generators.order_lines import (
    LINES_PER_ORDER,
    PERCENT_OFF,
    PERCENT_OFF_SHARES,
    QUANTITIES,
    QUANTITY_SHARES,
    SHARE_OF_MAILED_RECEIPTS,
    Basket,
    OrderLines,
    Orders,
    assemble,
    keep_or_change,
)
from generators.randomness import Ints, pick, stream
from generators.seasonality import second_of_day
from generators.timeline import Timeline, unfold
from generators.visits import MOST_PRODUCTS
from generators.world import CHANNELS, PAYMENT_METHODS
from generators.world_plan import Chunk


def orders_of(rng: np.random.Generator, chunk: Chunk) -> Orders:
    """The orders of a chunk; `ordered_at` is when the customer comes, visits decide when the order is placed."""
    world, (first, end) = chunk.plan.world, chunk.customers
    size = chunk.orders
    below = world.loyalty[first - 1] if first else 0.0
    chosen = np.searchsorted(world.loyalty[:end], below + rng.random(size) * (world.loyalty[end - 1] - below))
    customer = np.clip(chosen, first, end - 1)
    channel = keep_or_change(rng, world.channel[customer], len(CHANNELS))
    payment = keep_or_change(rng, world.payment[customer], len(PAYMENT_METHODS))
    moment = chunk.day.start + second_of_day(chunk.day.date, np.sort(rng.random(size)))
    return Orders(
        customer=customer,
        market=world.market[customer],
        channel=channel,
        payment=payment,
        percent_off=PERCENT_OFF[pick(rng, PERCENT_OFF_SHARES, size)],
        status=np.full(size, PLACED),
        ordered_at=moment,
        updated_at=moment,
        mailed=(channel != CHANNELS.index("store")) | (rng.random(size) < SHARE_OF_MAILED_RECEIPTS),
    )


def basket_of(rng: np.random.Generator, chunk: Chunk) -> Basket:
    lines_per_order = 1 + pick(rng, LINES_PER_ORDER, chunk.orders)
    order = np.repeat(np.arange(chunk.orders), lines_per_order)
    first_line = np.cumsum(lines_per_order) - lines_per_order
    return Basket(
        order=order,
        line=np.arange(len(order)) - first_line[order] + 1,
        product=pick(rng, chunk.plan.world.popularity, len(order)),
        quantity=QUANTITIES[pick(rng, QUANTITY_SHARES, len(order))],
    )


def products_of(chunk: Chunk, basket: Basket) -> Ints:
    """[orders, MOST_PRODUCTS]: the products of the first lines, -1 where an order has fewer."""
    products = np.full((chunk.orders, MOST_PRODUCTS), -1)
    first = np.flatnonzero(basket.line <= MOST_PRODUCTS)
    products[basket.order[first], basket.line[first] - 1] = basket.product[first]
    return products


def placed_lines(chunk: Chunk, orders: Orders, basket: Basket, moments: Ints) -> OrderLines:
    """The lines as they are placed at these moments."""
    placed = replace(orders, ordered_at=moments, updated_at=moments)
    return assemble(chunk.plan.world, placed, chunk.plan.anchor + chunk.first_order, basket)


def timeline_of(chunk: Chunk, orders: Orders, basket: Basket, lines: OrderLines) -> Timeline:
    rng = stream(chunk.plan.seed, "timeline", *chunk.place)
    life = live(rng, orders.payment == PAYMENT_METHODS.index("bank_transfer"))
    return unfold(rng, lines, basket.order, life, orders.percent_off)
