"""Clickstream: the steps of visits as events; some arrive late, some twice."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from generators.plan.world import MOST_PARTS, Chunk, WorldPlan
from generators.randomness import Bools, Ints, pick
from generators.shop.markets import COUNTRIES
from generators.times import DAY, HOUR
from generators.visits.steps import ADD_TO_CART, PAGE_VIEW, PRODUCT_VIEW, PURCHASE, Steps
from generators.visits.tables import AGENTS_OF_DEVICE, FIRST_AGENT, LANDING_PAGES, PAGE_OF_TYPE, SOURCE_SHARES
from generators.visits.visits import Longs, Visits, visitor_identifiers

EVENT_SCRAMBLER: Final = 0x9E3779B97F4A7C15
EVENT_BITS_IN_CHUNK: Final = 22
ROBOT_PART: Final = MOST_PARTS - 1

QUICK_DELAYS: Final = np.array([0, 0, 1, 1, 1, 2, 2, 3])  # seconds to the collector
SHARE_LATE_VISITS: Final = 0.006  # of those without a purchase: all their events come late
SHARE_LATE_EVENTS: Final = 0.006
SHARE_TWICE: Final = 0.004
LATE_AT_MOST: Final = 72 * HOUR


def event_numbers(plan: WorldPlan, chunk: int, size: int) -> Longs:
    """Numbers for the events of a chunk that no other event of this world has."""
    first = chunk << EVENT_BITS_IN_CHUNK
    numbers = np.arange(first, first + size, dtype=np.uint64) + np.uint64(plan.anchor)
    scattered: Longs = numbers * np.uint64(EVENT_SCRAMBLER)  # keeps 64 bits
    return scattered


def visit_events(
    rng: np.random.Generator, chunk: Chunk, visits: Visits, steps: Steps, order_ids: Ints
) -> dict[str, npt.NDArray[Any]]:
    """The steps as events; `order_ids` are the numbers behind order_id of the chunk's orders."""
    plan, visit = chunk.plan, steps.visit
    is_first = steps.position == 0
    received = received_moments(rng, visits, steps)
    identifiers = visitor_identifiers(plan, visits.visitor)
    in_kind = (identifiers >> np.uint64(17)).astype(np.int64) % AGENTS_OF_DEVICE[visits.device]
    agent = (FIRST_AGENT[visits.device] + in_kind) * len(COUNTRIES) + visits.market
    known = steps.position >= visits.login[visit]
    buys = np.flatnonzero(steps.type == PURCHASE)
    order = np.full(len(visit), -1)
    order[buys] = order_ids[visits.order[visit[buys]]]
    source = np.full(len(visit), -1)
    source[steps.first] = pick(rng, SOURCE_SHARES, len(visits))
    return {
        "number": event_numbers(plan, chunk.number, len(visit)),
        "at": steps.at,
        "type": steps.type,
        "visitor": identifiers[visit],
        "customer": np.where(known, visits.customer[visit], -1),
        "page": pages(rng, visits, steps, is_first),
        "order": order,
        "source": source,
        "agent": agent[visit],
        "received": received,
    }


def pages(rng: np.random.Generator, visits: Visits, steps: Steps, is_first: Bools) -> Ints:
    page = PAGE_OF_TYPE[steps.type]
    of_product = np.flatnonzero((steps.type == PRODUCT_VIEW) | (steps.type == ADD_TO_CART))
    page[of_product] += visits.products[steps.visit[of_product], steps.slot[of_product]]
    landing = LANDING_PAGES[rng.integers(0, len(LANDING_PAGES), len(page), dtype=np.uint8)]
    of_step: Ints = np.where((steps.type == PAGE_VIEW) & is_first, landing, page)
    return of_step


def received_moments(rng: np.random.Generator, visits: Visits, steps: Steps) -> Ints:
    """Return when each event is received, mostly within seconds; a purchase on its day, so that no order lacks it."""
    size = len(steps.visit)
    received = steps.at + QUICK_DELAYS[rng.integers(0, len(QUICK_DELAYS), size, dtype=np.uint8)]
    buys = steps.type == PURCHASE
    end_of_day = (steps.at // DAY + 1) * DAY - 1
    received = np.where(buys, np.minimum(received, end_of_day), received)
    # Never two steps in a row: a visit with a gap of two would be two sessions until the late ones arrive.
    late = np.flatnonzero((rng.random(size) < SHARE_LATE_EVENTS * 3) & (steps.position % 3 == 1) & ~buys)
    received[late] += rng.integers(60, LATE_AT_MOST - HOUR, len(late))
    off_line = (rng.random(len(visits)) < SHARE_LATE_VISITS) & (visits.order < 0)
    flushed = steps.at[steps.last] + rng.integers(HOUR, LATE_AT_MOST - 2 * HOUR, len(visits))
    of_late_visit = np.flatnonzero(off_line[steps.visit])
    received[of_late_visit] = flushed[steps.visit[of_late_visit]]
    moments: Ints = received
    return moments


def sent_twice(rng: np.random.Generator, events: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Some events once more, received one to two days later."""
    on_time = events["received"] - events["at"] < HOUR
    again = np.flatnonzero(on_time & (rng.random(len(on_time)) < SHARE_TWICE))
    copies = {name: values[again] for name, values in events.items()}
    copies["received"] = copies["received"] + rng.integers(DAY, 2 * DAY, len(again))
    return copies
