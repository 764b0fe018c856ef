"""The measures that models are chosen by."""

import numpy as np
import pytest

from glue_jobs.demand_forecast.scores import Score, in_order, pinball, score
from tests.unit.forecast.simple import NAN

FORECAST = np.array([[[1.0, 2, 4], [0, 0, 1]]])


def test_the_pinball_loss_counts_units_above_by_the_quantile_and_below_by_the_rest():
    loss = pinball(np.array([[3.0, 0]]), FORECAST)

    assert loss[0, 0] == pytest.approx([0.1 * 2, 0.5 * 1, 0.1 * 1])
    assert loss[0, 1] == pytest.approx([0, 0, 0.1])


def test_the_error_is_a_share_of_units_and_days_that_are_not_known_count_nowhere():
    found = score(np.array([[3.0, NAN]]), FORECAST)

    assert (found.units, found.known, found.covered) == (3, 1, 1)
    assert found.error == pytest.approx(2 * 0.8 / (3 * 3))


def test_scores_add_up_and_those_of_nothing_are_none():
    one = score(np.array([[9.0, 0]]), FORECAST)

    assert (one + one).error == pytest.approx(one.error)
    assert (one.coverage, Score().error, Score().coverage) == (0.5, None, None)


def test_quantiles_become_whole_units_in_order():
    assert in_order(np.array([[[1.2, 0.7, -3]]])).tolist() == [[[0, 1, 1]]]
