"""How purchases answer to prices: the price elasticity of each category, and of its products, shrunken to it.

Purchases of product p on day t are Poisson with the mean a_p * s_t * price ** e: each product has a size of its own and
each day of the category a season of its own, so that only what a price does to a product beside the others of its
category counts. This is Poisson pseudo-maximum likelihood (Santos Silva and Tenreyro, 2006) with effects of products
and days, which is consistent for e (Fernandez-Val and Weidner, 2016).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtrit

from glue_jobs.demand_forecast.demand import Bools, Demand, Floats

CONFIDENCE: Final = 0.95
MIN_PRODUCTS: Final = 5
"""Products of a category with a change of price, below which it has no estimate."""

MIN_PURCHASES: Final = 20
"""Purchases of a product, and five times as many of a category's products with a change of price."""

STEPS: Final = 30
SWEEPS: Final = 60
TOLERANCE: Final = 1e-6
LARGEST_STEP: Final = 1.0
ESTIMATED: Final = "estimated"
NOT_ENOUGH: Final = "not enough price changes"


@dataclass(frozen=True, slots=True)
class Estimate:
    """An elasticity with its standard error and interval of 95 %.

    own: the estimate of a product alone, before it was shrunken with the weight `own_weight` to that of its category.
    """

    elasticity: float
    error: float
    low: float
    high: float
    own: float | None = None
    own_weight: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a category, or of one of its products; `estimate` is None for too few price changes."""

    products: int
    price_changes: int
    purchases: int
    estimate: Estimate | None

    @property
    def status(self) -> str:
        """Return `estimated` or `not enough price changes`."""
        return ESTIMATED if self.estimate else NOT_ENOUGH


@dataclass(frozen=True, slots=True)
class Panel:
    """The days and products of a category whose purchases and prices are known, as [p, d] with 0 elsewhere.

    log_price: over the mean of the product's. changes: [p] how often the price of the next known day was another.
    """

    purchases: Floats
    log_price: Floats
    there: Bools
    changes: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted model: `mean` and `residual_price`, the log price without effects of products and days, are [p, d].

    dispersion: the variance of purchases over their mean, at least 1.
    """

    elasticity: float
    mean: Floats
    residual_price: Floats
    dispersion: float


def panel_of(purchases: Floats, price: Floats) -> Panel:
    """Return the panel of a category from purchases and prices [p, d], NaN where they are not known."""
    there = ~np.isnan(purchases) & ~np.isnan(price)
    there &= (np.where(there, purchases, 0).sum(axis=1) > 0)[:, None]
    log = np.log(np.where(there, price, 1.0))
    center = log.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    log_price = np.where(there, log - center[:, None], 0.0)
    return Panel(np.where(there, purchases, 0.0), log_price, there, _changes(np.where(there, price, np.nan)))


def _changes(price: Floats) -> Floats:
    """[p]: how often a known price differs from the one known before."""
    place = np.where(~np.isnan(price), np.arange(price.shape[1]), 0)
    filled = np.take_along_axis(price, np.maximum.accumulate(place, axis=1), axis=1)
    before, after = filled[:, :-1], filled[:, 1:]
    changed: Bools = ~np.isnan(before) & ~np.isnan(after) & (before != after)
    count: Floats = changed.sum(axis=1).astype(np.float64)
    return count


def measure(demand: Demand, category: int) -> tuple[Measured, list[Measured]]:
    """Return what was measured of a category, by its place, and of each of its products in the order of the demand."""
    mine = demand.category == category
    panel = panel_of(demand.purchases[mine], demand.price[mine])
    changed = panel.changes > 0
    bought = panel.purchases.sum(axis=1)
    enough = changed.sum() >= MIN_PRODUCTS and bought[changed].sum() >= 5 * MIN_PURCHASES
    fit = fitted(panel) if enough else None
    whole = category_estimate(fit, panel, int(changed.sum())) if fit else None
    products = product_estimates(fit, panel, whole) if fit and whole else [None] * len(bought)
    each = [
        Measured(1, int(changes), int(units), one if changes and units >= MIN_PURCHASES else None)
        for changes, units, one in zip(panel.changes, bought, products, strict=True)
    ]
    return Measured(int(changed.sum()), int(panel.changes.sum()), int(bought.sum()), whole), each


def fitted(panel: Panel) -> Fit | None:
    """Return the model with the greatest likelihood, by Newton's method; None where it does not converge."""
    elasticity = 0.0
    days = np.where(panel.there.any(axis=0), 1.0, 0.0)
    for _ in range(STEPS):
        mean, days = _with_effects(panel, np.where(panel.there, np.exp(elasticity * panel.log_price), 0.0), days)
        residual = _without_effects(panel.log_price, mean)
        information = float((mean * residual**2).sum())
        if information <= 0:
            return None
        step = float(((panel.purchases - mean) * residual).sum()) / information
        elasticity += float(np.clip(step, -LARGEST_STEP, LARGEST_STEP))
        if abs(step) < TOLERANCE:
            return Fit(elasticity, mean, residual, _dispersion(panel, mean))
    return None


def _with_effects(panel: Panel, base: Floats, days: Floats) -> tuple[Floats, Floats]:
    """The means whose sums over products and over days are those of the purchases, and the effects of days.

    By iterative proportional fitting: with both margins right, the likelihood is greatest for this elasticity.
    """
    of_products, of_days = panel.purchases.sum(axis=1), panel.purchases.sum(axis=0)
    products = np.ones(len(base))
    for _ in range(SWEEPS):
        products = _over(of_products, base @ days)
        new = _over(of_days, products @ base)
        moved = float(np.max(np.abs(new - days), initial=0.0))
        days = new
        if moved <= TOLERANCE * float(days.max(initial=0.0)):
            break
    products = _over(of_products, base @ days)
    return products[:, None] * base * days, days


def _without_effects(values: Floats, weight: Floats) -> Floats:
    """The values less weighted means of products and of days, in turn, until both are 0 (Guimaraes, Portugal, 2010)."""
    left = values
    for _ in range(SWEEPS):
        before = left
        left = left - _over((weight * left).sum(axis=1), weight.sum(axis=1))[:, None]
        left = left - _over((weight * left).sum(axis=0), weight.sum(axis=0))
        if float(np.max(np.abs(left - before), initial=0.0)) < TOLERANCE:
            break
    return np.where(weight > 0, left, 0.0)


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _dispersion(panel: Panel, mean: Floats) -> float:
    """Pearson's statistic over its degrees of freedom, at least 1 (McCullagh and Nelder, 1989, 9.2.4)."""
    used = mean > 0
    freedom = int(used.sum()) - int(used.any(axis=1).sum()) - int(used.any(axis=0).sum())
    pearson = float(_over((panel.purchases - mean) ** 2, mean).sum())
    return max(pearson / freedom, 1.0) if freedom > 0 else 1.0


def category_estimate(fit: Fit, panel: Panel, products: int) -> Estimate:
    """Return the estimate of the category, with the larger of the two standard errors, and Student's t.

    One is of the quasi-Poisson model, the other by clusters of products (Cameron and Miller, 2015), which also holds
    where the days of a product depend on each other, or products differ in their elasticity.
    """
    information = float((fit.mean * fit.residual_price**2).sum())
    each = ((panel.purchases - fit.mean) * fit.residual_price).sum(axis=1)
    clustered = float((each**2).sum()) * products / max(products - 1, 1) / information**2
    error = float(np.sqrt(max(clustered, fit.dispersion / information)))
    return interval(fit.elasticity, error, products - 1)


def interval(
    elasticity: float, error: float, freedom: int, own: float | None = None, weight: float | None = None
) -> Estimate:
    """Return the estimate with its interval, of Student's t with so many degrees of freedom."""
    reach = float(stdtrit(max(freedom, 1), (1 + CONFIDENCE) / 2)) * error
    return Estimate(elasticity, error, elasticity - reach, elasticity + reach, own, weight)


def product_estimates(fit: Fit, panel: Panel, whole: Estimate) -> list[Estimate | None]:
    """Return the estimate of each product, shrunken to its category; None for one whose price says nothing.

    The own estimate is one Newton step from the category's, with its variance 1 / information. The variance between
    products is DerSimonian and Laird's (1986), the weight that of the normal model (Efron and Morris, 1975).
    """
    center = _over((fit.mean * panel.log_price).sum(axis=1), fit.mean.sum(axis=1))
    apart = np.where(fit.mean > 0, panel.log_price - center[:, None], 0.0)
    information = (fit.mean * apart**2).sum(axis=1) / fit.dispersion
    score = ((panel.purchases - fit.mean) * apart).sum(axis=1) / fit.dispersion
    difference = _over(score, information)
    between = between_products(difference, information)
    weight = between * information / (1 + between * information)
    error = np.sqrt(_over(weight, information) + (1 - weight) ** 2 * whole.error**2)
    freedom = int((panel.changes > 0).sum()) - 1
    return [
        interval(whole.elasticity + w * d, e, freedom, whole.elasticity + d, w) if i > 0 else None
        for d, e, w, i in zip(difference.tolist(), error.tolist(), weight.tolist(), information.tolist(), strict=True)
    ]


def between_products(difference: Floats, information: Floats) -> float:
    """Return the variance of elasticities between products, 0 or more: DerSimonian and Laird's moment estimate."""
    used = information > 0
    total = float(information[used].sum())
    scale = total - float((information[used] ** 2).sum()) / total if total else 0.0
    excess = float((information[used] * difference[used] ** 2).sum()) - (int(used.sum()) - 1)
    return max(excess / scale, 0.0) if scale > 0 else 0.0
