"""Vendors and products: all of them as of the first day, then what changes from day to day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from generators.columns import Amount, Batch, Choice, Day, Flag, Identifier, Instant, Pool, Whole
from generators.events import CATEGORIES
from generators.lifecycle import DAY
from generators.randomness import Bools, Ints, stream
from generators.world import CURRENCIES, PRODUCT_COUNT
from generators.world_plan import Day as PlanDay
from generators.world_plan import WorldPlan

EURO: Final = CURRENCIES.index("EUR")

VENDOR_COUNT: Final = 200
UNKNOWN_VENDORS: Final = 3  # products name them, but nobody ever sends them
SHARE_OF_UNKNOWN_VENDORS: Final = 0.002  # of the products
VENDOR_CHANGES: Final = 0.8  # a day
COMPANY_FIRST: Final = (
    *("Alpine", "Baltic", "Northern", "Harbour", "Linden", "Meridian", "Silver", "Westfield", "Oakwood", "Rhine"),
    *("Vistula", "Nordic", "Lakeside", "Summit", "Copper", "Amber", "Delta", "Orchard", "Granite", "Castle"),
)
COMPANY_SECOND: Final = (
    *("Goods", "Trading", "Textiles", "Works", "Supplies", "Living", "Imports", "Outdoor", "Electronics", "Paper"),
)
COMPANY_FORM: Final = {"DE": "GmbH", "AT": "GmbH", "PL": "Sp. z o.o.", "NL": "B.V.", "IT": "S.r.l.", "CN": "Co., Ltd."}
VENDOR_COUNTRIES: Final = tuple(COMPANY_FORM)

PRODUCT_CHANGES: Final = 0.025  # a day, of all products
SHARE_OF_PRICES: Final = 0.16  # of the changes; the others are counts of stock
SHARE_OF_ENDINGS: Final = 0.005  # of the changes: no longer on sale
LATE_PRODUCTS: Final = 5  # sold before their first row comes
LATEST_PRODUCT_DAY: Final = 6
BELOW_COST: Final = 0.004
BRANDS: Final = (
    *("Northway", "Lumen", "Fjord", "Kestrel", "Maple & Co", "Tidal", "Brightside", "Onda", "Verde", "Halden"),
    *("Solis", "Arbor", "Quill", "Penrose", "Kobalt", "Marlow", "Hearth", "Sparrow", "Zenit", "Willow"),
)
STYLES: Final = ("Classic", "Light", "Trail", "Urban", "Soft", "Pro", "Mini", "Eco", "Retro", "Premium")
THINGS: Final = (
    ("Shirt", "Jacket", "Jumper", "Trousers", "Scarf"),
    ("Running Shoe", "Boot", "Sandal", "Sneaker", "Slipper"),
    ("Lamp", "Cushion", "Blanket", "Mirror", "Shelf"),
    ("Pan", "Knife", "Kettle", "Mug", "Baking Tray"),
    ("Spade", "Hose", "Planter", "Lantern", 'Hedge Trimmer 20"'),
    ("Puzzle", "Train Set", "Doll", "Board Game", "Kite"),
    ("Yoga Mat", "Dumbbell", "Tent", "Bike Pump", "Backpack"),
    ("Soap", "Face Cream", "Shampoo", "Perfume", "Hair Brush"),
    ("Headphones", "Charger, 65 W", "Speaker", "Keyboard", "Camera"),
    ("Novel", "Cookbook", "Atlas", "Notebook", "Comic"),
)
COLLECTIONS: Final = ("Aurora", "Birch", "Coral", "Dawn", "Ember", "Flint", "Glade", "Haze", "Iris", "Juno")
THING_POOL: Final = Pool.of([thing for things in THINGS for thing in things])
THINGS_PER_CATEGORY: Final = 5
CATEGORY_POOL: Final = Pool.of(CATEGORIES)
BRAND_POOL: Final = Pool.of(BRANDS)


@dataclass
class Vendors:
    """The state of all vendors, changed in place as days go by."""

    plan: WorldPlan
    country: Ints = field(init=False)
    lead_time: Ints = field(init=False)
    active: Bools = field(init=False)
    mailbox: Ints = field(init=False)
    """How often the address for orders has changed."""

    def __post_init__(self) -> None:
        rng = stream(self.plan.seed, "vendors")
        self.country = rng.integers(0, len(VENDOR_COUNTRIES), VENDOR_COUNT)
        self.lead_time = rng.integers(1, 60, VENDOR_COUNT)
        self.active = rng.random(VENDOR_COUNT) >= 0.03  # noqa: PLR2004 - a few were left
        self.mailbox = np.zeros(VENDOR_COUNT, dtype=np.int64)
        self._names = Pool.of([vendor_name(number, int(code)) for number, code in enumerate(self.country)])
        self._countries = Pool.of(VENDOR_COUNTRIES)
        self._born = self.plan.first_second - rng.integers(DAY, 900 * DAY, VENDOR_COUNT)

    def batches(self, day: PlanDay) -> Iterator[Batch]:
        if day.index == 0:
            yield self._rows(np.arange(VENDOR_COUNT), self._born)
        rng = stream(self.plan.seed, "vendor_changes", day.date.toordinal())
        changed = np.sort(rng.choice(VENDOR_COUNT, int(VENDOR_CHANGES + rng.random()), replace=False))
        if len(changed):
            what = rng.random(len(changed))
            self.lead_time[changed[what < 0.7]] = rng.integers(1, 60, int((what < 0.7).sum()))  # noqa: PLR2004
            self.mailbox[changed[(what >= 0.7) & (what < 0.95)]] += 1  # noqa: PLR2004
            self.active[changed[what >= 0.95]] ^= True  # noqa: PLR2004
            yield self._rows(changed, day.start + rng.integers(0, DAY, len(changed)))

    def _rows(self, vendors: Ints, updated_at: Ints) -> Batch:
        mailboxes = [f"orders{int(self.mailbox[code]) or ''}@vendor{code + 1:03d}.example.com" for code in vendors]
        return {
            "vendor_id": Identifier("VEN-", vendors + 1, 4, base=10),
            "vendor_name": Choice(self._names, vendors),
            "country_code": Choice(self._countries, self.country[vendors]),
            "contact_email": Choice(Pool.of(mailboxes), np.arange(len(vendors))),
            "lead_time_days": Whole(self.lead_time[vendors]),
            "is_active": Flag(self.active[vendors]),
            "updated_at": Instant(updated_at),
        }


def vendor_name(number: int, country: int) -> str:
    first = COMPANY_FIRST[number % len(COMPANY_FIRST)]
    second = COMPANY_SECOND[number // len(COMPANY_FIRST) % len(COMPANY_SECOND)]
    return f"{first} {second} {COMPANY_FORM[VENDOR_COUNTRIES[country]]}"


@dataclass
class Products:
    """The state of all products, changed in place as days go by. Prices and costs are in euro cents."""

    plan: WorldPlan
    price: Ints = field(init=False)
    cost: Ints = field(init=False)
    stock: Ints = field(init=False)
    active: Bools = field(init=False)
    vendor: Ints = field(init=False)
    """Zero-based; those from `VENDOR_COUNT` on are unknown."""

    first_day: Ints = field(init=False)
    """The index of the day whose file first has the product."""

    def __post_init__(self) -> None:
        rng = stream(self.plan.seed, "products")
        numbers = np.arange(PRODUCT_COUNT)
        self.price = self.plan.world.price[:, EURO].copy()
        share = rng.integers(450, 760, PRODUCT_COUNT)
        cost = np.where(rng.random(PRODUCT_COUNT) < BELOW_COST, self.price * 11 // 10, self.price * share // 1_000)
        self.cost = np.maximum(cost, 1)
        self.stock = rng.integers(0, 800, PRODUCT_COUNT)
        self.active = rng.random(PRODUCT_COUNT) >= 0.02  # noqa: PLR2004 - a few are past
        known = rng.integers(0, VENDOR_COUNT, PRODUCT_COUNT)
        unknown = VENDOR_COUNT + numbers % UNKNOWN_VENDORS
        self.vendor = np.where(rng.random(PRODUCT_COUNT) < SHARE_OF_UNKNOWN_VENDORS, unknown, known)
        self.first_day = np.zeros(PRODUCT_COUNT, dtype=np.int64)
        # Late ones must be sold from the start, or nobody would notice.
        popular = np.argsort(-self.plan.world.popularity, kind="stable")[20:220]
        late = rng.choice(popular, LATE_PRODUCTS, replace=False)
        self.first_day[late] = rng.integers(2, LATEST_PRODUCT_DAY + 1, LATE_PRODUCTS)
        self._born = self.plan.first_second - rng.integers(DAY, 1_200 * DAY, PRODUCT_COUNT)
        self._touched = self._born + ((self.plan.first_second - self._born) * rng.random(PRODUCT_COUNT)).astype(
            np.int64
        )
        category = rng.integers(0, len(CATEGORIES), PRODUCT_COUNT)
        thing = category * THINGS_PER_CATEGORY + rng.integers(0, THINGS_PER_CATEGORY, PRODUCT_COUNT)
        self._category, self._brand = category, rng.integers(0, len(BRANDS), PRODUCT_COUNT)
        style, collection = (rng.integers(0, 10, PRODUCT_COUNT).tolist() for _ in range(2))
        self._names = Pool.of(product_names(style, thing.tolist(), collection))

    def batches(self, day: PlanDay) -> Iterator[Batch]:
        if day.index == 0:
            there = np.flatnonzero(self.first_day == 0)
            yield self._rows(there, self._touched[there])
        elif len(late := np.flatnonzero(self.first_day == day.index)):
            yield self._rows(late, day.start + 8 * 3_600 + late)
        rng = stream(self.plan.seed, "product_changes", day.date.toordinal())
        candidates = np.flatnonzero(self.first_day < max(day.index, 1))
        changed = np.sort(rng.choice(candidates, int(PRODUCT_COUNT * PRODUCT_CHANGES), replace=False))
        what = rng.random(len(changed))
        self._reprice(rng, changed[what < SHARE_OF_PRICES])
        self.active[changed[what >= 1 - SHARE_OF_ENDINGS]] ^= True
        stocked = changed[what >= SHARE_OF_PRICES]
        self.stock[stocked] = np.where(
            self.stock[stocked] < 50,  # noqa: PLR2004 - time for a delivery
            self.stock[stocked] + rng.integers(100, 800, len(stocked)),
            self.stock[stocked] * rng.integers(50, 100, len(stocked)) // 100,
        )
        yield self._rows(changed, day.start + rng.integers(0, DAY, len(changed)))

    def _reprice(self, rng: np.random.Generator, products: Ints) -> None:
        """Up or down by at most 15 %, still ending in 9."""
        percent = rng.integers(85, 116, len(products))
        self.price[products] = np.maximum(self.price[products] * percent // 1_000, 1) * 10 - 1

    def _rows(self, products: Ints, updated_at: Ints) -> Batch:
        return {
            "product_id": Identifier("PRD-", products + 1, 5, base=10),
            "product_name": Choice(self._names, products),
            "category": Choice(CATEGORY_POOL, self._category[products]),
            "brand": Choice(BRAND_POOL, self._brand[products]),
            "vendor_id": Identifier("VEN-", self.vendor[products] + 1, 4, base=10),
            "list_price": Amount(self.price[products]),
            "unit_cost": Amount(self.cost[products]),
            "stock_quantity": Whole(self.stock[products]),
            "is_active": Flag(self.active[products]),
            "launched_on": Day(self._born[products] // DAY),
            "updated_at": Instant(updated_at),
        }


def product_names(style: list[int], thing: list[int], collection: list[int]) -> list[str]:
    things = THING_POOL.values.to_pylist()
    return [
        f"{STYLES[a]} {things[b]} {COLLECTIONS[c]} {number % 97 + 2}"
        for number, (a, b, c) in enumerate(zip(style, thing, collection, strict=True))
    ]
