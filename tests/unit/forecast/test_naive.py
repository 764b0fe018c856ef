"""Seasonal naive and TSB: what they forecast, and that they never forecast less than nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from glue_jobs.demand_forecast.naive import last_week, row_quantiles, seasonal_naive, tsb
from tests.unit.forecast.simple import NAN

WEEKS = np.tile([1.0, 2, 3, 4, 5, 6, 7], 6)


def test_seasonal_naive_repeats_the_last_week():
    forecast = seasonal_naive(WEEKS[None, :-2], 10)

    assert forecast[0, :, 1].tolist() == [6, 7, 1, 2, 3, 4, 5, 6, 7, 1]
    assert forecast[0, :, 0].tolist() == forecast[0, :, 2].tolist()  # it was never wrong


def test_its_quantiles_are_those_of_its_own_errors():
    errors = np.array([[-10.0] * 7, [10.0] * 7, [0.0] * 7])
    units = 50 + np.concatenate([np.zeros((1, 7)), np.cumsum(errors, axis=0)]).reshape(1, -1)

    forecast = seasonal_naive(units, 7)

    assert forecast[0, 0].tolist() == [50 - 10, 50, 50 + 10]


def test_a_gap_takes_the_weekday_of_the_week_before():
    units = WEEKS.copy()
    units[-3:] = NAN

    assert last_week(units[None])[0].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_a_product_without_history_has_a_forecast_of_zero():
    nothing = np.full((1, 30), NAN)

    assert seasonal_naive(nothing, 28).max() == 0
    assert tsb(nothing, 28).max() == 0
    assert seasonal_naive(np.full((1, 1), 3.0), 8)[0, :, 1].tolist() == [0, 0, 0, 0, 0, 0, 3, 0]


def test_quantiles_of_a_row_are_those_of_its_known_values():
    values = np.array([[3.0, NAN, 1, 2, 5], [NAN] * 5])

    assert row_quantiles(values)[0] == pytest.approx(np.quantile([1, 2, 3, 5], [0.1, 0.5, 0.9]))
    assert row_quantiles(values)[1].tolist() == [0, 0, 0]


def test_tsb_sells_nothing_on_most_days_of_an_intermittent_product_and_a_size_seen_on_the_best():
    units = np.zeros((1, 200))
    units[0, ::5] = 4

    assert tsb(units, 2)[0].tolist() == [[0, 0, 4]] * 2


def test_tsb_forgets_a_product_that_is_no_longer_sold():
    units = np.zeros((2, 200))
    units[:, :100:2] = 4
    units[1, 100::2] = 4

    gone, alive = tsb(units, 1)[:, 0, 2]

    assert (gone, alive) == (0, 4)


HISTORIES = arrays(float, (3, 40), elements=st.one_of(st.just(NAN), st.integers(0, 50).map(float)))


@given(HISTORIES, st.sampled_from([seasonal_naive, tsb]))
def test_no_forecast_is_negative_or_unknown_and_quantiles_are_in_order(units, model):
    forecast = model(units, 28)

    assert forecast.shape == (3, 28, 3)
    assert (forecast >= 0).all()
    assert (np.diff(forecast, axis=-1) >= 0).all()
