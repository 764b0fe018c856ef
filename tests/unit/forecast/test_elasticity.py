"""Elasticities: what is measured is what was planted, with honest intervals, and not where prices hardly changed."""

import numpy as np
import pytest

from glue_jobs.demand_forecast.elasticity import (
    NOT_ENOUGH,
    Estimate,
    between_products,
    fitted,
    measure,
    panel_of,
)
from tests.unit.forecast.simple import NAN, demand


def priced(seed, elasticity, *, products=40, days=150, size=6.0, changes=0.03):
    """Purchases of products whose prices change, by the model itself, with a season that all share."""
    rng = np.random.default_rng(seed)
    steps = np.where(rng.random((products, days)) < changes, rng.uniform(-0.15, 0.15, (products, days)), 0)
    price = 20 * np.exp(np.cumsum(steps, axis=1))
    season = 1 + 0.5 * np.sin(np.arange(days) / 9)
    elasticities = np.broadcast_to(np.asarray(elasticity, dtype=float).reshape(-1, 1), (products, 1))
    mean = size * rng.lognormal(0, 0.5, (products, 1)) * season * (price / 20) ** elasticities
    return demand(rng.poisson(mean), price=price)


@pytest.mark.parametrize("elasticity", [-2.5, -1.0, 0.0])
def test_the_planted_elasticity_is_found(elasticity):
    whole, _ = measure(priced(1, elasticity), 0)

    assert whole.estimate.elasticity == pytest.approx(elasticity, abs=0.15)
    assert whole.estimate.low < elasticity < whole.estimate.high
    assert whole.status == "estimated"


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = [one.low <= -1.5 <= one.high for seed in range(60) if (one := measure(priced(seed, -1.5), 0)[0].estimate)]

    assert len(held) == 60
    assert sum(held) >= 54  # 57 are expected; fewer than 54 come about in one of twenty-five tries of 60


def test_a_season_of_the_category_is_not_taken_for_an_effect_of_prices():
    days = np.arange(120)
    season = np.where(days < 60, 2.0, 8.0)
    price = np.where(days < 60, 20.0, 10.0)  # all halve their price as the season begins
    half = np.where(np.arange(20)[:, None] < 10, price, 20.0)  # half of them, so the others show the season
    units = np.random.default_rng(5).poisson(np.broadcast_to(season, (20, 120)))

    whole, _ = measure(demand(units, price=half), 0)

    assert whole.estimate.low < 0 < whole.estimate.high


def test_prices_that_change_for_all_products_at_once_say_nothing():
    price = np.broadcast_to(np.where(np.arange(120) < 60, 20.0, 10.0), (20, 120))

    assert fitted(panel_of(np.full((20, 120), 3.0), price)) is None


def test_one_price_only_is_not_enough():
    whole, each = measure(demand(np.full((20, 100), 5.0)), 0)

    assert (whole.status, whole.price_changes, whole.estimate) == (NOT_ENOUGH, 0, None)
    assert {one.status for one in each} == {NOT_ENOUGH}


def test_a_category_needs_five_products_with_a_change_and_a_product_needs_twenty_purchases():
    few, many = priced(1, -1, products=4), priced(1, -1, products=30, size=0.4)

    assert measure(few, 0)[0].status == NOT_ENOUGH
    whole, each = measure(many, 0)
    assert whole.status == "estimated"
    assert {one.status for one in each if one.purchases < 20} == {NOT_ENOUGH}
    assert any(one.purchases >= 20 and one.status == "estimated" for one in each)


def test_gaps_and_products_without_sales_change_nothing_but_the_counts():
    whole = priced(2, -2.0)
    units = whole.units.copy()
    units[:, 40:50] = NAN
    units[-1] = 0

    found, each = measure(demand(units, price=whole.price), 0)

    assert found.estimate.low < -2 < found.estimate.high
    assert (each[-1].purchases, each[-1].price_changes, each[-1].status) == (0, 0, NOT_ENOUGH)


def test_products_that_differ_are_shrunken_less_than_those_that_are_alike():
    alike, differing = priced(3, -1.5), priced(3, np.linspace(-3, 0, 40))

    weights = [
        np.mean([one.estimate.own_weight for one in measure(world, 0)[1] if one.estimate])
        for world in (alike, differing)
    ]

    assert weights[0] < 0.3
    assert weights[1] > 0.5


def test_shrunken_estimates_are_nearer_to_the_truth_than_those_of_a_product_alone():
    true = np.linspace(-2, -1, 40)
    whole, each = measure(priced(4, true, size=1.5), 0)

    pairs = [(one.estimate, truth) for one, truth in zip(each, true, strict=True) if one.estimate]
    own = np.mean([(estimate.own - truth) ** 2 for estimate, truth in pairs])
    shrunken = np.mean([(estimate.elasticity - truth) ** 2 for estimate, truth in pairs])
    held = np.mean([estimate.low <= truth <= estimate.high for estimate, truth in pairs])

    assert len(pairs) > 30
    assert shrunken < own / 2
    assert held >= 0.9
    assert isinstance(whole.estimate, Estimate)


def test_estimates_that_differ_by_chance_alone_have_no_variance_between_products():
    assert between_products(np.array([0.1, -0.1, 0.05]), np.array([4.0, 4, 4])) == 0
    assert between_products(np.array([2.0, -2, 1]), np.array([400.0, 400, 400])) > 1
    assert between_products(np.zeros(0), np.zeros(0)) == 0
