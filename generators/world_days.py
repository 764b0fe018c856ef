"""The rows of each day of a world, in order: master data, rows that come late, robots, then orders and visits."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from generators.catalogue.products import Products
from generators.catalogue.vendors import Vendors
from generators.dataset_files import DatasetFiles
from generators.files.arrays import Batch, rows_of
from generators.files.row_file import FileType
from generators.files.spool import Spool, pack
from generators.manifests.counts import (
    OrderCounts,
    ReviewCounts,
    VisitCounts,
    catalogue_truth,
    person_truth,
    rate_truth,
)
from generators.manifests.world import WorldArguments, WorldManifest
from generators.orders.columns import transaction_batch
from generators.orders.draw import basket_of, orders_of, placed_lines, products_of, timeline_of
from generators.orders.timeline import LINE, Timeline, Versions, unpack
from generators.people.customers import People
from generators.plan.demand import demand_truth
from generators.plan.rows import CHUNK_ROWS
from generators.plan.world import Chunk, Day, WorldPlan
from generators.randomness import stream
from generators.rates import QUOTED, rate_batch, rate_files
from generators.reviews.reviews import REVIEW, due_reviews, review_batch
from generators.schemas import DATASETS
from generators.times import DAY
from generators.visits.columns import EVENT, clickstream_batch
from generators.visits.events import sent_twice, visit_events
from generators.visits.robots import robot_events, robots_of
from generators.visits.visits import VisitMaker, order_moments, popular_products

FEWEST_CHARACTERS: Final = 3  # of a review that says something

OnDay = Callable[[int], None]


@dataclass
class WorldGeneration:
    """Writes one world, day after day."""

    plan: WorldPlan
    arguments: WorldArguments
    file_type: FileType
    out: Path
    keys: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DATASETS, 0))

    def __post_init__(self) -> None:
        plan = self.plan
        self.files = {name: DatasetFiles(name, self.arguments, self.file_type, self.out) for name in DATASETS}
        self.people, self.products, self.vendors = People(plan), Products(plan), Vendors(plan)
        self.rates = {file.day: file.rates for file in rate_files(plan, late=self.arguments.late_rates)}
        self.visit_maker = VisitMaker(plan, popular_products(plan.shop.offer))
        self.orders = OrderCounts(plan, self.people.known, self.products.first_day)
        self.visits, self.reviews = VisitCounts(plan), ReviewCounts()

    def run(self, on_day: OnDay) -> WorldManifest:
        with TemporaryDirectory(dir=self.out, prefix=".later-") as later, ExitStack() as open_files:
            self.spool = Spool(Path(later), self.plan.last_number)
            for files in self.files.values():
                open_files.callback(files.close)
            for day in self.plan.calendar():
                self._day(day)
                on_day(day.index + 1)
        return self._manifest()

    def _day(self, day: Day) -> None:
        self._write_all("vendors", day, self.vendors.batches(day))
        for batch in self.products.batches(day):
            self.keys["products"] += rows_of(batch)
            self._write("products", day, batch, below_cost(batch))
        self._write_all("customers", day, self.people.batches(day))
        if rates := self.rates.get(day.date):
            self._write("fx_rates", day, rate_batch(rates))
        self._earlier_rows(day)
        self._robots(day)
        for chunk in self.plan.chunks(day, self.products.offer(day)):
            self._chunk(chunk)
        for files in self.files.values():
            files.close()

    def _write_all(self, dataset: str, day: Day, batches: Iterator[Batch]) -> None:
        for batch in batches:
            self.keys[dataset] += rows_of(batch)
            self._write(dataset, day, batch)

    def _write(self, dataset: str, day: Day, batch: Batch, warnings: dict[str, int] | None = None) -> None:
        self.files[dataset].write(day.date, batch, warnings)

    def _earlier_rows(self, day: Day) -> None:
        """Rows of earlier days that belong in the files of this one."""
        for rows in self.spool.take("lines", day.number, LINE, CHUNK_ROWS):
            self._write("transactions", day, transaction_batch(unpack(rows), self.plan.shop))
        for rows in self.spool.take("events", day.number, EVENT, CHUNK_ROWS):
            self._write("clickstream", day, clickstream_batch(rows))
        for rows in self.spool.take("reviews", day.number, REVIEW, CHUNK_ROWS):
            batch, planted = review_batch(self.plan, rows)
            self.reviews.add(rows, planted)
            self._write("reviews", day, batch, wordless(batch))

    def _chunk(self, chunk: Chunk) -> None:
        rng = stream(self.plan.seed, "world_orders", *chunk.place)
        orders, basket = orders_of(rng, chunk), basket_of(rng, chunk)
        rng = stream(self.plan.seed, "sessions", *chunk.place)
        visits, steps = self.visit_maker.make(rng, chunk, orders, products_of(chunk, basket))
        lines = placed_lines(chunk, orders, basket, order_moments(rng, orders, visits, steps))
        timeline = timeline_of(chunk, orders, basket, lines)
        self.orders.add(orders, basket.order, timeline)
        self._lines(chunk.day, timeline)
        order_ids = np.zeros(chunk.orders, dtype=np.int64)
        order_ids[basket.order] = lines.order
        rng = stream(self.plan.seed, "events", *chunk.place)
        events = visit_events(rng, chunk, visits, steps, order_ids)
        self.visits.add(steps, events)
        self._events(chunk.day, rng, events)
        rng = stream(self.plan.seed, "reviews", *chunk.place)
        reviews = due_reviews(rng, chunk, timeline, basket.order)
        self.spool.put("reviews", reviews["updated"] // DAY, reviews)

    def _lines(self, day: Day, timeline: Timeline) -> None:
        versions = timeline.versions()
        today = versions.day == day.number
        self._write("transactions", day, transaction_batch(timeline.rows(some(versions, today)), self.plan.shop))
        for later in (some(versions, ~today), timeline.repeats):
            self.spool.put("lines", later.day, pack(LINE, vars(timeline.rows(later))))

    def _events(self, day: Day, rng: np.random.Generator, events: dict[str, npt.NDArray[Any]]) -> None:
        copies = sent_twice(rng, events)
        self.visits.add_repeated(copies)
        received_on = events["received"] // DAY
        today, later = np.flatnonzero(received_on == day.number), np.flatnonzero(received_on != day.number)
        self._write("clickstream", day, clickstream_batch({name: values[today] for name, values in events.items()}))
        self.spool.put("events", received_on[later], pack(EVENT, {name: v[later] for name, v in events.items()}))
        self.spool.put("events", copies["received"] // DAY, pack(EVENT, copies))

    def _robots(self, day: Day) -> None:
        rng = stream(self.plan.seed, "robots", day.date.toordinal())
        if robots := robots_of(rng, day):
            events = robot_events(rng, self.plan, day, robots)
            self.visits.add_robots(robots, events)
            self._events(day, rng, events)

    def _manifest(self) -> WorldManifest:
        orders, visits, reviews = self.orders.truth(), self.visits.truth(), self.reviews.truth()
        sent = {rate.day for rates in self.rates.values() for rate in rates}
        keys = self.keys | {
            "fx_rates": len(sent) * len(QUOTED),
            "transactions": orders.lines.rows,
            "clickstream": visits.events,
            "reviews": reviews.reviews,
        }
        return WorldManifest(
            arguments=self.arguments,
            datasets={name: self.files[name].truth(keys[name]) for name in self.arguments.datasets},
            orders=orders,
            visits=visits,
            people=person_truth(self.plan, self.people, self.orders.ordered),
            reviews=reviews,
            rates=rate_truth(self.plan, self.rates),
            catalogue=catalogue_truth(self.plan, self.products),
            demand=demand_truth(self.plan.seed) if self.plan.price_demand else None,
        )


def some(versions: Versions, chosen: npt.NDArray[np.bool_]) -> Versions:
    return Versions(versions.line[chosen], versions.step[chosen], versions.day[chosen])


def below_cost(batch: Batch) -> dict[str, int]:
    """Return how many rows break which rule that only warns."""
    above = pc.greater(batch["unit_cost"], batch["list_price"])
    return {"cost_not_above_price": pc.sum(above).as_py() or 0}


def wordless(batch: Batch) -> dict[str, int]:
    """Return how many rows break which rule that only warns."""
    title, body = (pc.fill_null(pc.utf8_length(batch[name]), 0) for name in ("title", "body"))
    return {"says_something": pc.sum(pc.less(pc.add(title, body), FEWEST_CHARACTERS)).as_py() or 0}
