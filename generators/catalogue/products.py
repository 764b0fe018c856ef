"""Products: nearly all of them as of the first day, then what changes from day to day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from generators.catalogue.vendors import VENDOR_COUNT
from generators.files.arrays import Batch, amounts, chosen, dates, identifiers, instants, texts
from generators.plan.demand import category_demand
from generators.plan.world import Day as PlanDay
from generators.plan.world import WorldPlan
from generators.randomness import Bools, Ints, stream
from generators.shop.shop import CATEGORIES, EURO, PRODUCT_COUNT, Offer
from generators.times import DAY, HOUR

UNKNOWN_VENDORS: Final = 3  # products name them, but no vendor file has them
SHARE_OF_UNKNOWN_VENDORS: Final = 0.002  # of the products
PRODUCT_CHANGES: Final = 0.025  # a day, of all products
SHARE_OF_PRICES: Final = 0.16  # of the changes; the others are counts of stock
PRICE_DEMAND_CHANGES: Final = 0.02  # a day, of all products, further prices where demand answers to them
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
THINGS_PER_CATEGORY: Final = 5
CATEGORY_NAMES: Final = texts(CATEGORIES)
BRAND_NAMES: Final = texts(BRANDS)


@dataclass
class Products:
    """The state of all products, changed in place day by day. Prices and costs are in euro cents."""

    plan: WorldPlan
    price: Ints = field(init=False)
    cost: Ints = field(init=False)
    stock: Ints = field(init=False)
    active: Bools = field(init=False)
    vendor: Ints = field(init=False)
    """Zero-based; those from `VENDOR_COUNT` on are unknown."""

    category: Ints = field(init=False)
    first_day: Ints = field(init=False)
    """The index of the day whose file first has the product."""

    def __post_init__(self) -> None:
        rng = stream(self.plan.seed, "products")
        numbers = np.arange(PRODUCT_COUNT)
        self.price = self.plan.shop.offer.price[:, EURO].copy()
        share = rng.integers(450, 760, PRODUCT_COUNT)
        cost = np.where(rng.random(PRODUCT_COUNT) < BELOW_COST, self.price * 11 // 10, self.price * share // 1_000)
        self.cost = np.maximum(cost, 1)
        self.stock = rng.integers(0, 800, PRODUCT_COUNT)
        self.active = rng.random(PRODUCT_COUNT) >= 0.02  # noqa: PLR2004 - a few are no longer on sale
        known = rng.integers(0, VENDOR_COUNT, PRODUCT_COUNT)
        unknown = VENDOR_COUNT + numbers % UNKNOWN_VENDORS
        self.vendor = np.where(rng.random(PRODUCT_COUNT) < SHARE_OF_UNKNOWN_VENDORS, unknown, known)
        self.first_day = np.zeros(PRODUCT_COUNT, dtype=np.int64)
        # Late ones must be sold from the start, or no order would come before its product.
        popular = np.argsort(-self.plan.shop.offer.popularity, kind="stable")[20:220]
        late = rng.choice(popular, LATE_PRODUCTS, replace=False)
        self.first_day[late] = rng.integers(2, LATEST_PRODUCT_DAY + 1, LATE_PRODUCTS)
        self._born = self.plan.first_second - rng.integers(DAY, 1_200 * DAY, PRODUCT_COUNT)
        self._touched = self._born + ((self.plan.first_second - self._born) * rng.random(PRODUCT_COUNT)).astype(
            np.int64
        )
        category = rng.integers(0, len(CATEGORIES), PRODUCT_COUNT)
        thing = category * THINGS_PER_CATEGORY + rng.integers(0, THINGS_PER_CATEGORY, PRODUCT_COUNT)
        self.category, self._brand = category, rng.integers(0, len(BRANDS), PRODUCT_COUNT)
        style, collection = (rng.integers(0, 10, PRODUCT_COUNT).tolist() for _ in range(2))
        self._demand = category_demand(self.plan.seed)
        self._names = texts(product_names(style, thing.tolist(), collection))

    def batches(self, day: PlanDay) -> Iterator[Batch]:
        """The rows of the file of this day."""
        if day.index == 0:
            there = np.flatnonzero(self.first_day == 0)
            yield self._rows(there, self._touched[there])
        elif len(late := np.flatnonzero(self.first_day == day.index)):
            yield self._rows(late, day.start + 8 * HOUR + late)
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
        if self.plan.price_demand:
            changed = np.union1d(changed, self._reprice_more(day, candidates))
        yield self._rows(changed, day.start + rng.integers(0, DAY, len(changed)))

    def _reprice(self, rng: np.random.Generator, products: Ints) -> None:
        """Up or down by at most 15 %, still ending in 9."""
        percent = rng.integers(85, 116, len(products))
        self.price[products] = np.maximum(self.price[products] * percent // 1_000, 1) * 10 - 1

    def _reprice_more(self, day: PlanDay, candidates: Ints) -> Ints:
        """Where demand answers to prices, they change more often, so that this can be seen within months."""
        rng = stream(self.plan.seed, "price_changes", day.date.toordinal())
        products: Ints = rng.choice(candidates, int(PRODUCT_COUNT * PRICE_DEMAND_CHANGES), replace=False)
        self._reprice(rng, products)
        return products

    def offer(self, day: PlanDay) -> Offer:
        """What the shop sells on this day: where demand answers to prices, at the prices of now."""
        offer = self.plan.shop.offer
        if not self.plan.price_demand:
            return offer
        ratio = self.price / offer.price[:, EURO]
        price = np.maximum(np.rint(offer.price * ratio[:, None]).astype(np.int64), 1)
        return Offer(self._demand.weights(offer.popularity, self.category, ratio, day.date), price)

    def _rows(self, products: Ints, updated_at: Ints) -> Batch:
        return {
            "product_id": identifiers("PRD-", products + 1, 5),
            "product_name": chosen(self._names, products),
            "category": chosen(CATEGORY_NAMES, self.category[products]),
            "brand": chosen(BRAND_NAMES, self._brand[products]),
            "vendor_id": identifiers("VEN-", self.vendor[products] + 1, 4),
            "list_price": amounts(self.price[products]),
            "unit_cost": amounts(self.cost[products]),
            "stock_quantity": self.stock[products],
            "is_active": self.active[products],
            "launched_on": dates(self._born[products] // DAY),
            "updated_at": instants(updated_at),
        }


def product_names(style: list[int], thing: list[int], collection: list[int]) -> list[str]:
    things = [thing for of_category in THINGS for thing in of_category]
    return [
        f"{STYLES[a]} {things[b]} {COLLECTIONS[c]} {number % 97 + 2}"
        for number, (a, b, c) in enumerate(zip(style, thing, collection, strict=True))
    ]
