"""The forecast and the elasticities against the truth of a generated shop: the promises of the documentation.

The benchmark measures the same on more data: `python -m benchmarks forecast`.
"""

import pytest

from benchmarks.forecast import covered, held_out, simulated

SEED = 4


@pytest.fixture(scope="module")
def world():
    return simulated(SEED, days=140, orders_per_day=2_000)


@pytest.fixture(scope="module")
def held(world):
    return held_out(world, SEED, most=300)


def test_intervals_hold_the_true_elasticity_of_nine_in_ten_categories(world):
    found = covered(world)

    assert len(found) == 10
    assert sum(found) >= 9


def test_the_error_is_below_that_of_naive_and_within_a_fifth_of_an_oracle(held):
    assert held.published.loss < 0.85 * held.naive.loss
    assert held.published.loss < 1.2 * held.oracle.loss


def test_at_least_four_days_in_five_lie_from_p10_to_p90(held):
    assert held.published.coverage >= 0.8
    assert held.published.coverage == pytest.approx(held.oracle.coverage, abs=0.08)
