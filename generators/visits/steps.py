"""The steps of a visit: which pages follow each other, and how many seconds apart."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from generators.randomness import Ints

EVENT_TYPES: Final = ("page_view", "search", "product_view", "add_to_cart", "checkout", "purchase")
PAGE_VIEW, SEARCH, PRODUCT_VIEW, ADD_TO_CART, CHECKOUT, PURCHASE = range(6)
MOST_PRODUCTS: Final = 3  # that one visit is about

# Steps of visits: P page, S search, V0 A0 first product viewed and put in the cart, C checkout, B purchase.
BUYING: Final = ("P V0 A0 C B", "P V0 A0 V1 A1 C B", "P V0 A0 V1 A1 V2 A2 C B")
BUYING_AFTER_SEARCH: Final = tuple(steps.replace("P", "P S", 1) for steps in BUYING)
LOOKING: Final = {
    "P": 0.22,
    "P P": 0.10,
    "P S": 0.05,
    "P S S": 0.02,
    "V0": 0.10,
    "P V0": 0.15,
    "P V0 V1": 0.09,
    "P S V0 V1": 0.06,
    "V0 A0": 0.05,
    "P V0 A0": 0.07,
    "P V0 A0 V1": 0.02,
    "V0 A0 C": 0.03,
    "P V0 A0 C": 0.04,
}
TEMPLATES: Final = (*BUYING, *BUYING_AFTER_SEARCH, *LOOKING)
STEPS: Final = [step for template in TEMPLATES for step in template.split()]
STEP_TYPE: Final = np.array(["PSVACB".index(step[0]) for step in STEPS])
STEP_PRODUCT: Final = np.array([int(step[1:] or 0) for step in STEPS])
TEMPLATE_LENGTH: Final = np.array([len(template.split()) for template in TEMPLATES])
TEMPLATE_START: Final = np.concatenate([[0], np.cumsum(TEMPLATE_LENGTH)[:-1]])
LOOKING_SHARES: Final = np.array(list(LOOKING.values()))

# Seconds between two steps: log-normal around half a minute, never so long that a session would end.
GAPS: Final = np.array(
    [min(max(round(math.exp(math.log(30) + NormalDist().inv_cdf((step + 0.5) / 256))), 2), 540) for step in range(256)]
)


@dataclass(frozen=True)
class Steps:
    """Arrays with one element per step, visit by visit: which visit, its position in it, its kind, and Unix seconds."""

    visit: Ints
    position: Ints
    type: Ints
    slot: Ints
    at: Ints
    first: Ints
    """Per visit: where its steps begin."""

    last: Ints
    """Per visit: where they end, the last step included."""


def walk(rng: np.random.Generator, start: Ints, template: Ints) -> Steps:
    """The steps of visits that begin at `start` (Unix seconds) and follow these templates."""
    length = TEMPLATE_LENGTH[template]
    last = np.cumsum(length) - 1
    first = last - length + 1
    visit = np.repeat(np.arange(len(start)), length)
    position = np.arange(len(visit)) - first[visit]
    template_step = TEMPLATE_START[template][visit] + position
    gaps = GAPS[rng.integers(0, len(GAPS), len(visit), dtype=np.uint8)]
    gaps[first] = 0
    since = np.cumsum(gaps)
    at = since + (start - since[first])[visit]
    return Steps(visit, position, STEP_TYPE[template_step], STEP_PRODUCT[template_step], at, first, last)
