"""What people want of each category: how they answer to prices, and in which seasons they buy. The truth of tests.

Only worlds that are made with `price_demand` have it; in others demand ignores prices, and all categories sell alike
at all times.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from generators.manifests.world import DemandTruth
from generators.randomness import Floats, Ints, stream
from generators.shop.shop import CATEGORIES

ELASTICITIES: Final = (-2.8, -0.6)
WEEKDAY_SPREAD: Final = 0.15
YEARLY_AMPLITUDES: Final = (0.1, 0.5)
DAYS_OF_YEAR: Final = 365.25


@dataclass(frozen=True)
class CategoryDemand:
    """By category [c]: price elasticity; weekday: [c, 7], Monday first, with mean 1; a yearly wave and its peak.

    amplitude: share of the mean that the wave rises and falls by. peak: day of the year on which it is highest.
    """

    elasticity: Floats
    weekday: Floats
    amplitude: Floats
    peak: Ints

    def season(self, day: date) -> Floats:
        """[c]: the demand of a day over that of a mean day."""
        angle = 2 * np.pi * (day.timetuple().tm_yday - self.peak) / DAYS_OF_YEAR
        season: Floats = self.weekday[:, day.weekday()] * (1 + self.amplitude * np.cos(angle))
        return season

    def weights(self, popularity: Floats, category: Ints, price_ratio: Floats, day: date) -> Floats:
        """[p]: how likely each product is bought on a day, at these prices over its first ones."""
        weights: Floats = popularity * self.season(day)[category] * np.power(price_ratio, self.elasticity[category])
        return weights


def demand_truth(seed: int) -> dict[str, DemandTruth]:
    """The demand of this seed as the manifest has it, by category."""
    known = category_demand(seed)
    return {
        name: DemandTruth(
            elasticity=float(known.elasticity[place]),
            weekday=tuple(known.weekday[place].tolist()),
            amplitude=float(known.amplitude[place]),
            peak=int(known.peak[place]),
        )
        for place, name in enumerate(CATEGORIES)
    }


def category_demand(seed: int) -> CategoryDemand:
    """The demand of the categories of this seed."""
    rng, count = stream(seed, "category_demand"), len(CATEGORIES)
    elasticity = rng.uniform(*ELASTICITIES, count)
    weekday = 1 + rng.uniform(-WEEKDAY_SPREAD, WEEKDAY_SPREAD, (count, 7))
    amplitude, peak = rng.uniform(*YEARLY_AMPLITUDES, count), rng.integers(1, 366, count)
    return CategoryDemand(elasticity, weekday / weekday.mean(axis=1, keepdims=True), amplitude, peak)
