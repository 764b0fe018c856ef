"""The audit of the models: a backtest with a rolling origin decides, group by group, which one is published.

A group is the products of a category whose demand is `regular`, or `intermittent`, by Syntetos, Boylan and Croston
(2005): more than 1.32 days from one day with a sale to the next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from glue_jobs.demand_forecast.boosted import boosted
from glue_jobs.demand_forecast.demand import Demand, Floats, Ints
from glue_jobs.demand_forecast.naive import seasonal_naive, tsb
from glue_jobs.demand_forecast.scores import Score, score

HORIZON: Final = 28
FOLDS: Final = 4
MIN_HISTORY: Final = 28
INTERMITTENT_INTERVAL: Final = 1.32

Model: TypeAlias = Callable[[Demand, int], Floats | None]

NAIVE: Final = "seasonal_naive"
NO_SALES: Final = "no_sales"
MODELS: Final[Mapping[str, Model]] = {
    NAIVE: lambda demand, horizon: seasonal_naive(demand.units, horizon),
    "tsb": lambda demand, horizon: tsb(demand.units, horizon),
    "boosted_trees": boosted,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that is published for a group, why, and the scores of all models over the folds, by model."""

    group: str
    model: str
    reason: str
    folds: int
    scores: Mapping[str, Score]

    @property
    def published(self) -> Score:
        """Return the score of the model that is published."""
        return self.scores.get(self.model, Score())


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups by name, and [p] the place of each product's group."""

    names: tuple[str, ...]
    of_product: Ints


def groups_of(demand: Demand) -> Groups:
    """Return the groups of the products, `<category>/regular` or `<category>/intermittent`."""
    known = np.sum(~np.isnan(demand.units), axis=1)
    sold = np.sum(demand.units > 0, axis=1)
    regular = sold * INTERMITTENT_INTERVAL >= np.maximum(known, 1)
    kind = np.where(regular, "regular", "intermittent")
    names = [f"{demand.categories[place]}/{word}" for place, word in zip(demand.category, kind, strict=True)]
    known_names, places = np.unique(names, return_inverse=True)
    return Groups(tuple(str(name) for name in known_names), places.astype(np.int64))


def origins(days: int) -> list[int]:
    """Return the number of days before each fold, the earliest first; none for too short a history.

    Folds begin `HORIZON` days apart, or less where the history is short, and none after fewer than `MIN_HISTORY` days.
    """
    step = min(HORIZON, (days - MIN_HISTORY) // FOLDS)
    return [days - step * fold for fold in range(FOLDS, 0, -1)] if step > 0 else []


def choose(demand: Demand, groups: Groups, models: Mapping[str, Model] = MODELS) -> list[Choice]:
    """Return the choice for every group: the model with the least loss over the folds, if it beats seasonal naive."""
    folds = origins(demand.days)
    totals = [dict.fromkeys(models, Score()) for _ in groups.names]
    missing: set[str] = set()
    for days in folds:
        actual = demand.units[:, days : days + HORIZON]
        for name, model in models.items():
            forecast = model(demand.until(days), actual.shape[1])
            if forecast is None:
                missing.add(name)
                continue
            for place, scores in enumerate(totals):
                mine = groups.of_product == place
                scores[name] += score(actual[mine], forecast[mine])
    complete = [{name: one for name, one in scores.items() if name not in missing} for scores in totals]
    return [_choice(name, len(folds), scores) for name, scores in zip(groups.names, complete, strict=True)]


def _choice(group: str, folds: int, scores: Mapping[str, Score]) -> Choice:
    naive = scores.get(NAIVE, Score())
    if not folds:
        return Choice(group, NAIVE, "the history is too short for a backtest", 0, {})
    if naive.error is None:
        return Choice(group, NAIVE, "nothing was sold in the backtest", folds, scores)
    best = min(scores, key=lambda name: scores[name].loss)
    if scores[best].loss < naive.loss:
        return Choice(group, best, "it beat seasonal naive in the backtest", folds, scores)
    return Choice(group, NAIVE, "no model beat seasonal naive in the backtest", folds, scores)


def forecasts(demand: Demand, groups: Groups, choices: list[Choice], models: Mapping[str, Model] = MODELS) -> Floats:
    """Return [p, h, q]: for each product the forecast of its group's model, from the whole history."""
    naive = seasonal_naive(demand.units, HORIZON)
    made = {name: models[name](demand, HORIZON) for name in {choice.model for choice in choices} - {NAIVE}}
    found = naive.copy()
    for place, choice in enumerate(choices):
        # A model that could be made of every fold can be made of all of them.
        if (forecast := made.get(choice.model)) is not None:
            mine = groups.of_product == place
            found[mine] = forecast[mine]
    return found
