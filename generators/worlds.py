"""A whole e-commerce world: all raw datasets, consistent with each other, as files of every day.

    manifest = generate_world(Path("out"), days=90, orders_per_day=2_000, seed=7)

writes `out/<dataset>/<dataset>-YYYY-MM-DD.csv` for every dataset and day, and `out/manifest.json`. Same arguments (and
package versions), same bytes. The files of a day do not depend on how many days follow: a world of one day more, with
the same start, is the same world and the files of one day more.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from generators.catalogue import VENDOR_COUNT, Products, Vendors
from generators.columns import Batch, rows_of
from generators.dataset_files import DatasetFiles
from generators.earlier import clear, earlier_files
from generators.events import EVENT, clickstream_batch, sent_twice, visit_events
from generators.lifecycle import DAY
from generators.order_lines import CHUNK_ROWS
from generators.people import People
from generators.randomness import stream
from generators.rates import BASE_CURRENCIES, QUOTED, Rate, rate_batch, rate_files
from generators.reviews import REVIEW, due_reviews, review_batch
from generators.robots import robot_events, robots_of
from generators.schemas import SCHEMAS
from generators.spool import Spool, pack
from generators.timeline import LINE, Timeline, Versions, unpack
from generators.transaction_rows import transaction_batch
from generators.transactions import DEFAULT_DIRTY, DEFAULT_SEED, MOST_DIRTY, yesterday
from generators.truths import OrderCounts, ReviewCounts, VisitCounts, person_truth
from generators.visits import VisitMaker, order_moments, popular_products
from generators.world_manifest import CatalogueTruth, RateTruth, WorldArguments, WorldManifest
from generators.world_orders import basket_of, orders_of, placed_lines, products_of, timeline_of
from generators.world_plan import Chunk, Day, WorldPlan
from generators.writers import Format

DATASETS: Final = tuple(SCHEMAS)
DEFAULT_WORLD_DAYS: Final = 90
DEFAULT_ORDERS_PER_DAY: Final = 2_000
FEWEST_CHARACTERS: Final = 3  # of a review that says something

OnDay = Callable[[int], None]


def generate_world(  # noqa: PLR0913 - every argument is part of what makes the bytes
    out: Path,
    *,
    days: int = DEFAULT_WORLD_DAYS,
    orders_per_day: int = DEFAULT_ORDERS_PER_DAY,
    seed: int = DEFAULT_SEED,
    dirty: float = DEFAULT_DIRTY,
    start_date: date | None = None,
    end_date: date | None = None,
    file_format: Format = "csv",
    compressed: bool = False,
    late_rates: bool = False,
    datasets: Collection[str] = DATASETS,
    on_day: OnDay = lambda _: None,
) -> WorldManifest:
    """Write a world of `days` days with about `orders_per_day` orders (2.2 lines and 11 events each) on each of them.

    start_date, end_date: one of them decides the other; the world ends yesterday (UTC) when both are None.
    dirty: share of spoiled rows of every dataset, 0 to 0.5. late_rates: exchange rates of some days come days later.
    datasets: the ones to write; the others are made all the same, but in no file. on_day: called after each day with
    the number of days done.
    Files of an earlier manifest in `out` are replaced once the new ones are complete; other files are left alone.

    Raises ValueError for arguments outside these bounds; `out` then holds what it held before.
    """
    start = first_day(days, start_date, end_date)
    plan = WorldPlan(start, days, orders_per_day, seed)
    arguments = WorldArguments(
        days=days,
        orders_per_day=orders_per_day,
        seed=seed,
        start_date=start.isoformat(),
        end_date=plan.end_date.isoformat(),
        dirty=dirty,
        format=file_format,
        gzip=compressed,
        late_rates=late_rates,
        datasets=tuple(name for name in DATASETS if name in datasets),
    )
    check(arguments, datasets)
    earlier_files(out)  # refuses a directory that is not ours before anything is made
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out, prefix=".unfinished-") as unfinished:
        manifest = WorldGeneration(plan, arguments, Path(unfinished)).run(on_day)
        clear(out)
        for truth in manifest.datasets.values():
            for file in truth.files:
                (out / file.name).parent.mkdir(exist_ok=True)
                (Path(unfinished) / file.name).rename(out / file.name)
    manifest.write(out)
    return manifest


def first_day(days: int, start_date: date | None, end_date: date | None) -> date:
    if days < 1:
        raise ValueError(f"days={days}: give at least one day")
    if start_date is None:
        return (end_date or yesterday()) - timedelta(days=days - 1)
    if end_date not in {None, last_day(start_date, days)}:
        raise ValueError(f"{days} days from {start_date} do not end on {end_date}: leave out one of the two dates")
    return start_date


def last_day(start: date, days: int) -> date:
    return start + timedelta(days=days - 1)


def check(arguments: WorldArguments, datasets: Collection[str]) -> None:
    unknown = sorted(set(datasets) - set(DATASETS))
    if unknown or not datasets:
        raise ValueError(f"datasets={', '.join(unknown) or 'none'}: choose among {', '.join(DATASETS)}")
    if not 0 <= arguments.dirty <= MOST_DIRTY:
        raise ValueError(f"dirty={arguments.dirty}: give a share of rows from 0 to {MOST_DIRTY}")
    if arguments.gzip and arguments.format == "parquet":
        raise ValueError("Parquet compresses itself: gzip is for csv and jsonl")


@dataclass
class WorldGeneration:
    """One world in the making, day after day."""

    plan: WorldPlan
    arguments: WorldArguments
    out: Path
    keys: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DATASETS, 0))

    def __post_init__(self) -> None:
        plan = self.plan
        self.files = {name: DatasetFiles(name, self.arguments, self.out) for name in DATASETS}
        self.people, self.products, self.vendors = People(plan), Products(plan), Vendors(plan)
        self.rates = {file.day: file.rates for file in rate_files(plan, late=self.arguments.late_rates)}
        self.visit_maker = VisitMaker(plan, popular_products(plan.world))
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
        for chunk in self.plan.chunks(day):
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
        """What earlier days left for the files of this one."""
        for rows in self.spool.take("lines", day.number, LINE, CHUNK_ROWS):
            self._write("transactions", day, transaction_batch(unpack(rows), self.plan.world))
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
        self._write("transactions", day, transaction_batch(timeline.rows(some(versions, today)), self.plan.world))
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
            rates=self._rates(),
            catalogue=self._catalogue(),
        )

    def _rates(self) -> RateTruth:
        rates: list[Rate] = [rate for rates in self.rates.values() for rate in rates]
        known = {rate.day for rate in rates}
        days = [self.plan.start + timedelta(days=index) for index in range(self.plan.days)]
        return RateTruth(
            currencies=QUOTED,
            base_currencies=BASE_CURRENCIES,
            first_day=min(known).isoformat(),
            days_without_rate=tuple(day.isoformat() for day in days if day not in known),
            corrected=len(rates) - len(known) * len(QUOTED),
        )

    def _catalogue(self) -> CatalogueTruth:
        first_day = self.products.first_day
        late = {int(product): int(first_day[product]) for product in np.flatnonzero(first_day > 0)}
        unknown = np.flatnonzero((self.products.vendor >= VENDOR_COUNT) & (first_day < self.plan.days))
        return CatalogueTruth(
            products=int((first_day < self.plan.days).sum()),
            vendors=VENDOR_COUNT,
            products_of_unknown_vendors=tuple(f"PRD-{product + 1:05d}" for product in unknown.tolist()),
            late_products={
                f"PRD-{product + 1:05d}": (self.plan.start + timedelta(days=index)).isoformat()
                for product, index in late.items()
            },
        )


def some(versions: Versions, chosen: npt.NDArray[np.bool_]) -> Versions:
    return Versions(versions.line[chosen], versions.step[chosen], versions.day[chosen])


def below_cost(batch: Batch) -> dict[str, int]:
    """How many rows the contract warns of."""
    above = pc.greater(batch["unit_cost"].typed(), batch["list_price"].typed())
    return {"cost_not_above_price": pc.sum(above).as_py() or 0}


def wordless(batch: Batch) -> dict[str, int]:
    """How many rows the contract warns of."""
    title, body = (pc.fill_null(pc.utf8_length(batch[name].text()), 0) for name in ("title", "body"))
    return {"says_something": pc.sum(pc.less(pc.add(title, body), FEWEST_CHARACTERS)).as_py() or 0}
