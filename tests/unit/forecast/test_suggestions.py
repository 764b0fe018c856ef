"""What a change of price would do: by the elasticity, within what was seen, and with the sign only where it is sure."""

import numpy as np
import pytest

from glue_jobs.demand_forecast.elasticity import Estimate
from glue_jobs.demand_forecast.suggestions import largest_changes, suggestions
from tests.unit.forecast.simple import NAN, demand

PRICES = np.where(np.arange(56) < 20, 8.0, 10.0)[None, :]
DEMAND = demand(np.full((1, 56), 2.0), price=PRICES)


def estimate(elasticity, low, high):
    return ("category", Estimate(elasticity, 0.1, low, high))


def by_percent(found, world=DEMAND):
    return {one.percent: one for one in suggestions(world, [found])}


def test_units_revenue_and_margin_follow_the_elasticity():
    one = by_percent(estimate(-2, -2.2, -1.8))[10]

    assert (one.units, one.list_price, one.new_price) == (56, 10, pytest.approx(11))
    assert one.new_units == pytest.approx(56 / 1.21)
    assert one.revenue_change == pytest.approx(56 / 1.21 * 11 - 560)
    assert one.margin_change == pytest.approx(56 / 1.21 * 5 - 56 * 4)
    assert one.margin_change_low < one.margin_change < one.margin_change_high


@pytest.mark.parametrize(
    ("found", "percent", "effect"),
    [
        pytest.param(estimate(-0.5, -0.7, -0.3), 10, "more margin", id="inelastic demand bears a higher price"),
        pytest.param(estimate(-4, -4.4, -3.6), 10, "less margin", id="elastic demand does not"),
        pytest.param(estimate(-4, -4.4, -3.6), -5, "more margin", id="and pays for a lower one"),
        pytest.param(estimate(-2.4, -3.5, -1.3), 10, "unclear", id="the interval holds both"),
    ],
)
def test_the_effect_is_named_where_the_whole_interval_has_it(found, percent, effect):
    assert by_percent(found)[percent].effect == effect


def test_without_a_cost_there_is_revenue_and_no_margin():
    one = by_percent(estimate(-2, -2.2, -1.8), demand(DEMAND.units, price=PRICES, unit_cost=[NAN]))[10]

    assert (one.margin_change, one.margin_change_low, one.effect) == (None, None, "cost is not known")
    assert one.revenue_change != 0


def test_no_change_is_larger_than_those_seen_in_the_category():
    small = demand(DEMAND.units, price=np.where(PRICES == 8, 9.4, 10.0))

    assert set(by_percent(estimate(-2, -2.2, -1.8), small)) == {-5, 5}
    assert largest_changes(small) == pytest.approx([np.log(10 / 9.4)])


@pytest.mark.parametrize(
    ("found", "world"),
    [
        pytest.param(None, DEMAND, id="no estimate"),
        pytest.param(estimate(-2, -3, -1), demand(np.zeros((1, 56)), price=PRICES), id="no sales"),
        pytest.param(estimate(-2, -3, -1), demand(DEMAND.units, price=PRICES, list_price=[NAN]), id="no price"),
        pytest.param(estimate(-2, -3, -1), demand(DEMAND.units), id="one price only"),
    ],
)
def test_nothing_is_said_of_a_product_of_which_nothing_is_known(found, world):
    assert by_percent(found, world) == {}
