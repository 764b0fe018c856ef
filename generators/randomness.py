"""One stream of random numbers per purpose, so that another draw in one place changes nothing in another."""

from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# The position of a purpose is part of its seed: append new ones, or every file made from the same seed changes.
PURPOSES: Final = (
    "customer_market",
    "customer_name",
    "customer_domain",
    "customer_habit",
    "customer_loyalty",
    "product_price",
    "product_popularity",
    "calendar",
    "orders",
    "dirt",
    "late_pick",
    "late_file",
    "people",
    "people_changes",
    "duplicates",
    "places",
    "products",
    "product_changes",
    "vendors",
    "vendor_changes",
    "rates",
    "rate_corrections",
    "world_orders",
    "timeline",
    "sessions",
    "events",
    "robots",
    "reviews",
    "review_text",
    "world_dirt",
    "category_demand",
    "price_changes",
)


def stream(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """The random numbers of one purpose, at one place (for example day 3, chunk 0)."""
    return np.random.default_rng([seed, PURPOSES.index(purpose), *place])


def pick(rng: np.random.Generator, weights: Floats, size: int) -> Ints:
    """`size` indices into `weights`, drawn with these relative weights: much faster than `rng.choice(p=)`."""
    cumulative = np.cumsum(weights)
    chosen: Ints = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return chosen
