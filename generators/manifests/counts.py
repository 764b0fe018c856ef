"""Counts for the manifest of a world, made while its rows are."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from generators.catalogue.products import Products
from generators.catalogue.vendors import VENDOR_COUNT
from generators.files.spool import Rows
from generators.manifests.world import (
    CatalogueTruth,
    OrderTruth,
    PersonalData,
    PersonTruth,
    RateTruth,
    ReviewTruth,
    VisitTruth,
)
from generators.orders.lifecycle import CANCELLED, REFUNDED
from generators.orders.lines import Orders
from generators.orders.timeline import CORRECTED, Timeline
from generators.orders.totals import TableTotals
from generators.people.customers import People
from generators.plan.world import WorldPlan
from generators.randomness import Bools, Ints
from generators.rates import BASE_CURRENCIES, QUOTED, Rate
from generators.reviews.reviews import Planted
from generators.times import DAY, HOUR
from generators.visits.robots import ROBOT_KINDS, Robot
from generators.visits.steps import EVENT_TYPES, PURCHASE, Steps
from generators.visits.visits import APART, buys_online

Events = Mapping[str, npt.NDArray[Any]]


@dataclass
class OrderCounts:
    """Orders and their lines, as far as they stand in files."""

    plan: WorldPlan
    known: Bools
    first_day: Ints
    totals: TableTotals = field(default_factory=TableTotals)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.ordered = np.zeros(len(self.known), dtype=bool)

    def add(self, orders: Orders, of_order: Ints, timeline: Timeline) -> None:
        last = self.plan.last_number
        final = timeline.final(last)
        lines = timeline.rows(final)
        self.totals.add(lines)
        size = len(orders.customer)
        count, cancelled, refunded = (
            np.bincount(of_order[final.line[chosen]], minlength=size)
            for chosen in (np.s_[:], lines.status == CANCELLED, lines.status == REFUNDED)
        )
        there = count > 0
        is_cancelled, is_returned = there & (cancelled == count), refunded > 0
        self.ordered[orders.customer[there]] = True
        ordered_on = lines.ordered_at // DAY - self.plan.first_second // DAY
        arrived = timeline.sent <= last
        self.counts.update(
            orders=int(there.sum()),
            cancelled=int(is_cancelled.sum()),
            returned=int(is_returned.sum()),
            sold=int((there & ~is_cancelled & ~is_returned).sum()),
            online=int((there & buys_online(orders.channel)).sum()),
            unknown_customer=int((there & ~self.known[orders.customer]).sum()),
            before_product=int((self.first_day[lines.product] > ordered_on).sum()),
            corrected_lines=int(
                (arrived[:, CORRECTED:] & (timeline.at[:, [CORRECTED]] // DAY <= last)).any(axis=1).sum()
            ),
            repeated_rows=int((timeline.repeats.day <= last).sum()),
            delayed_rows=int((arrived & (timeline.sent != timeline.at // DAY)).sum()),
        )

    def truth(self) -> OrderTruth:
        names = [name for name in OrderTruth.model_fields if name != "lines"]
        return OrderTruth(**{name: self.counts[name] for name in names}, lines=self.totals.expected())


@dataclass
class VisitCounts:
    """Visits and events, as far as they stand in files."""

    plan: WorldPlan
    counts: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    robots: Counter[str] = field(default_factory=Counter)

    def add(self, steps: Steps, events: Events) -> None:
        there = self._count(events)
        self.counts["events_of_people"] += int(there.sum())
        deepest = np.maximum.reduceat(np.where(there, steps.type, -1), steps.first)
        seen = deepest >= 0
        across = seen & (steps.at[steps.first] // DAY < steps.at[steps.last] // DAY)
        stages = np.bincount(deepest[seen], minlength=len(EVENT_TYPES)).tolist()
        self.stages.update(dict(zip(EVENT_TYPES, stages, strict=True)))
        self.counts.update(
            sessions=int(seen.sum()),
            purchases=int((there & (steps.type == PURCHASE)).sum()),
            sessions_across_midnight=int(across.sum()),
        )

    def add_robots(self, robots: list[Robot], events: Events) -> None:
        self.robots.update(robot.kind.name for robot in robots)
        self.counts["robot_events"] += int(self._count(events).sum())

    def add_repeated(self, copies: Events) -> None:
        self.counts["repeated_events"] += int((copies["received"] < self.plan.end).sum())

    def _count(self, events: Events) -> Bools:
        """Which events are received in time to stand in a file."""
        there: Bools = events["received"] < self.plan.end
        late = events["received"] - events["at"] >= HOUR
        self.counts.update(
            events=int(there.sum()),
            not_yet_received=int((~there).sum()),
            late_events=int((there & late).sum()),
        )
        return there

    def truth(self) -> VisitTruth:
        names = VisitTruth.model_fields.keys() - {"session_pause_minutes", "by_deepest_stage", "robots"}
        return VisitTruth(
            session_pause_minutes=APART // 60 - 1,
            by_deepest_stage={name: self.stages[name] for name in EVENT_TYPES},
            robots={kind.name: self.robots[kind.name] for kind in ROBOT_KINDS},
            **{name: self.counts[name] for name in names},
        )


@dataclass
class ReviewCounts:
    """Reviews, as far as they stand in files."""

    counts: Counter[str] = field(default_factory=Counter)
    planted: list[Planted] = field(default_factory=list)

    def add(self, rows: Rows, planted: list[Planted]) -> None:
        first = rows["edited"] == 0
        self.planted += planted
        self.counts.update(
            reviews=int(first.sum()),
            edited=int((~first).sum()),
            again=int((first & (rows["number"] % 2 == 1)).sum()),
            unmatched=int((first & (rows["matched"] == 0)).sum()),
        )

    def truth(self) -> ReviewTruth:
        return ReviewTruth(
            reviews=self.counts["reviews"],
            edited=self.counts["edited"],
            again=self.counts["again"],
            unmatched=self.counts["unmatched"],
            personal_data=tuple(PersonalData(**vars(item)) for item in self.planted),
        )


def person_truth(plan: WorldPlan, people: People, ordered: Bools) -> PersonTruth:
    by_source = {"shop": int(people.known.sum())}
    duplicates: dict[str, tuple[str, ...]] = {}
    for other in people.others:
        there = np.flatnonzero(other.day < plan.days)
        by_source[other.name] = len(there)
        for customer, number in zip(there.tolist(), other.numbers(there).tolist(), strict=True):
            shop = f"CUS-{customer + 1:07d}"
            duplicates[shop] = (*duplicates.get(shop, ()), f"CUS-{number:07d}")
    return PersonTruth(
        people=by_source["shop"],
        by_source=by_source,
        duplicates=dict(sorted(duplicates.items())),
        customers_who_ordered=int(ordered.sum()),
        unknown_customers=int((ordered & ~people.known).sum()),
    )


def rate_truth(plan: WorldPlan, files: Mapping[date, tuple[Rate, ...]]) -> RateTruth:
    """Return the manifest's counts of exchange rates; `files` holds the rates in the file of each day."""
    rates = [rate for of_day in files.values() for rate in of_day]
    known = {rate.day for rate in rates}
    days = [plan.start + timedelta(days=index) for index in range(plan.days)]
    return RateTruth(
        currencies=QUOTED,
        base_currencies=BASE_CURRENCIES,
        first_day=min(known).isoformat(),
        days_without_rate=tuple(day.isoformat() for day in days if day not in known),
        corrected=len(rates) - len(known) * len(QUOTED),
    )


def catalogue_truth(plan: WorldPlan, products: Products) -> CatalogueTruth:
    """Return the manifest's counts of products and vendors."""
    first_day = products.first_day
    unknown = np.flatnonzero((products.vendor >= VENDOR_COUNT) & (first_day < plan.days))
    return CatalogueTruth(
        products=int((first_day < plan.days).sum()),
        vendors=VENDOR_COUNT,
        products_of_unknown_vendors=tuple(map(product_id, unknown.tolist())),
        late_products={
            product_id(product): (plan.start + timedelta(days=int(first_day[product]))).isoformat()
            for product in np.flatnonzero(first_day > 0).tolist()
        },
    )


def product_id(product: int) -> str:
    return f"PRD-{product + 1:05d}"
