"""Clickstream: the steps of visits, and what robots do, as events; some arrive late, some twice."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from generators.columns import Batch, Choice, Identifier, Instant, Pool
from generators.lifecycle import DAY, HOUR
from generators.randomness import Bools, Ints, pick
from generators.spool import Rows
from generators.visits import (
    ADD_TO_CART,
    EVENT_TYPES,
    LATE_AT_MOST,
    PAGE_VIEW,
    PRODUCT_VIEW,
    PURCHASE,
    Longs,
    Steps,
    Visits,
    visitor_identifiers,
)
from generators.world import MARKETS, PRODUCT_COUNT
from generators.world_plan import MOST_PARTS, Chunk, WorldPlan

CATEGORIES: Final = (
    *("apparel", "shoes", "home", "kitchen", "garden"),
    *("toys", "sports", "beauty", "electronics", "books"),
)
FIRST_PRODUCT_PAGE: Final = 16
PAGES: Final = ["/", *(f"/c/{name}" for name in CATEGORIES), "/search", "/checkout", "/thank-you", "/about", "/help"]
PAGE_PATHS: Final = Pool.of([*PAGES, *(f"/p/PRD-{number:05d}" for number in range(1, PRODUCT_COUNT + 1))])
PAGE_PRODUCTS: Final = Pool.of([None] * len(PAGES) + [f"PRD-{number:05d}" for number in range(1, PRODUCT_COUNT + 1)])
PAGE_OF_TYPE: Final = np.array(
    [0, PAGES.index("/search"), FIRST_PRODUCT_PAGE, FIRST_PRODUCT_PAGE, *map(PAGES.index, ("/checkout", "/thank-you"))]
)
LANDING_PAGES: Final = np.array([*[0] * 14, *range(1, 11), *[0] * 6, 14, 15])  # the home page, departments, about, help

# Where visits come from: referrer_host, utm_source, utm_medium, utm_campaign, and the share of visits.
SOURCES: Final = (
    (None, None, None, None, 0.28),
    ("www.google.com", None, None, None, 0.24),
    ("www.bing.com", None, None, None, 0.03),
    ("www.google.com", "google", "cpc", "brand", 0.06),
    ("www.google.com", "google", "cpc", "shopping", 0.07),
    (None, "newsletter", "email", "weekly", 0.06),
    (None, "newsletter", "email", "spring_sale", 0.04),
    ("www.facebook.com", "facebook", "paid_social", "retargeting", 0.04),
    ("www.instagram.com", "instagram", "paid_social", "new_arrivals", 0.04),
    ("www.tiktok.com", "tiktok", "paid_social", "creators", 0.02),
    ("www.instagram.com", None, None, None, 0.03),
    ("deals.example.net", "affiliate", "affiliate", "deals", 0.04),
    ("blog.example.org", None, None, None, 0.02),
    ("www.google.com", "google", "cpc", None, 0.03),
)
SOURCE_SHARES: Final = np.array([source[4] for source in SOURCES])
REFERRER_POOL, UTM_SOURCE_POOL, UTM_MEDIUM_POOL, UTM_CAMPAIGN_POOL = (
    Pool.of([source[column] for source in SOURCES])  # type: ignore[misc]
    for column in range(4)
)

WEBKIT: Final = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
HUMAN_AGENTS: Final = (
    ("desktop", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"),
    ("desktop", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"),
    ("desktop", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {IPHONE} Version/18.1 Safari/605.1.15"),
    ("mobile", f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {IPHONE} Version/18.1 Mobile/15E148"),
    ("mobile", f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"),
    ("mobile", f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36"),
    ("mobile", "CartlakeShop/4.12.0 (Android 14)"),
    ("tablet", f"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) {IPHONE} Version/18.1 Safari/604.1"),
    ("tablet", f"Mozilla/5.0 (Linux; Android 13; SM-X710) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"),
)
FIRST_AGENT: Final = np.array([0, 4, 8])  # by device: desktop, mobile, tablet
AGENTS_OF_DEVICE: Final = np.array([4, 4, 2])
CRAWLER_AGENTS: Final = (
    ("desktop", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ("desktop", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    ("desktop", "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"),
    ("mobile", f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) {WEBKIT} (compatible; Googlebot/2.1)"),
    ("desktop", "python-requests/2.32.3"),
)
AGENTS: Final = (*HUMAN_AGENTS, *CRAWLER_AGENTS)
COUNTRIES: Final = [market.country for market in MARKETS]
# Device, agent and country go by one code, so that CSV looks all three up at once.
DEVICE_POOL: Final = Pool.of([device for device, _ in AGENTS for _ in COUNTRIES])
AGENT_POOL: Final = Pool.of([agent for _, agent in AGENTS for _ in COUNTRIES])
COUNTRY_POOL: Final = Pool.of(COUNTRIES * len(AGENTS))
TYPE_POOL: Final = Pool.of(EVENT_TYPES)
UNITED_STATES: Final = COUNTRIES.index("US")

EVENT_SCRAMBLER: Final = 0x9E3779B97F4A7C15
EVENT_BITS_IN_CHUNK: Final = 22
ROBOT_PART: Final = MOST_PARTS - 1

QUICK_DELAYS: Final = np.array([0, 0, 1, 1, 1, 2, 2, 3])  # seconds to the collector
SHARE_LATE_VISITS: Final = 0.006  # of those without a purchase: phones that were off line
SHARE_LATE_EVENTS: Final = 0.006
SHARE_TWICE: Final = 0.004

EVENT: Final[np.dtype[Any]] = np.dtype(
    [
        *(("number", "u8"), ("at", "i8"), ("type", "i1"), ("visitor", "u8"), ("customer", "i4"), ("page", "i4")),
        *(("order", "i8"), ("source", "i2"), ("agent", "i2"), ("received", "i8")),
    ]
)
Events = Mapping[str, npt.NDArray[Any]] | Rows


def clickstream_batch(events: Events) -> Batch:
    """`customer`, `order` and `source` are -1 where there is none; `agent` is the code of device, agent and country."""
    page, source, agent = (events[name].astype(np.int64) for name in ("page", "source", "agent"))
    customer = events["customer"]
    return {
        "event_id": Identifier("EVT-", np.ascontiguousarray(events["number"]), 16),
        "event_at": Instant(np.ascontiguousarray(events["at"])),
        "event_type": Choice(TYPE_POOL, events["type"].astype(np.int64)),
        "visitor_id": Identifier("VIS-", np.ascontiguousarray(events["visitor"]), 12),
        "customer_id": Identifier("CUS-", customer.astype(np.int64) + 1, 7, base=10, known=customer >= 0),
        "page_path": Choice(PAGE_PATHS, page),
        "product_id": Choice(PAGE_PRODUCTS, page),
        "order_id": Identifier("ORD-", np.ascontiguousarray(events["order"]), 10, known=events["order"] >= 0),
        "referrer_host": Choice(REFERRER_POOL, source),
        "utm_source": Choice(UTM_SOURCE_POOL, source),
        "utm_medium": Choice(UTM_MEDIUM_POOL, source),
        "utm_campaign": Choice(UTM_CAMPAIGN_POOL, source),
        "device": Choice(DEVICE_POOL, agent),
        "user_agent": Choice(AGENT_POOL, agent),
        "country_code": Choice(COUNTRY_POOL, agent),
        "received_at": Instant(np.ascontiguousarray(events["received"])),
    }


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
    """Most events arrive within seconds. A purchase arrives on its day, so that no order is seen without it."""
    size = len(steps.visit)
    received = steps.at + QUICK_DELAYS[rng.integers(0, len(QUICK_DELAYS), size, dtype=np.uint8)]
    buys = steps.type == PURCHASE
    end_of_day = (steps.at // DAY + 1) * DAY - 1
    received = np.where(buys, np.minimum(received, end_of_day), received)
    # Never two steps in a row: a visit with a gap of two would fall apart until the late ones come.
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
