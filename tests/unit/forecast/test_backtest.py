"""The backtest decides which model is published: only one that beats seasonal naive, group by group."""

import numpy as np
import pytest

from glue_jobs.demand_forecast.backtest import HORIZON, MODELS, NAIVE, choose, forecasts, groups_of, origins
from glue_jobs.demand_forecast.boosted import MIN_ROWS, boosted, training_rows
from tests.unit.forecast.simple import NAN, demand


def four(history, horizon):
    """The quantiles of a Poisson variable with the mean 4, for all products and days."""
    return np.broadcast_to([2.0, 4, 7], (len(history.units), horizon, 3))


NOISY = np.random.default_rng(7).poisson(4, (6, 200)).astype(float)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(200, [88, 116, 144, 172], id="four folds of 28 days"),
        pytest.param(68, [28, 38, 48, 58], id="a short history has folds that overlap"),
        pytest.param(32, [28, 29, 30, 31], id="the shortest"),
        pytest.param(31, [], id="too short"),
    ],
)
def test_folds_end_with_the_history(days, expected):
    assert origins(days) == expected


def test_a_model_is_published_where_it_beats_seasonal_naive_and_nowhere_else():
    units = np.concatenate([NOISY, np.tile([0.0, 2, 9, 4, 1, 6, 8], (6, 30))[:, :200]])
    history = demand(units, category=[0] * 6 + [1] * 6)
    groups = groups_of(history)

    choices = choose(history, groups, {NAIVE: MODELS[NAIVE], "four": four})

    assert [(one.group, one.model, one.folds) for one in choices] == [("a/regular", "four", 4), ("b/regular", NAIVE, 4)]
    assert choices[0].published.loss < choices[0].scores[NAIVE].loss
    assert choices[1].reason == "no model beat seasonal naive in the backtest"
    published = forecasts(history, groups, choices, {NAIVE: MODELS[NAIVE], "four": four})
    assert (published[:6] == [2, 4, 7]).all()
    assert published[6:].tolist() == MODELS[NAIVE](history, HORIZON)[6:].tolist()


def test_a_model_sees_only_the_days_before_its_fold():
    seen = []

    def spy(history, horizon):
        seen.append((history.days, history.purchases.shape[1], history.price.shape[1]))
        return four(history, horizon)

    history = demand(NOISY)
    choose(history, groups_of(history), {NAIVE: MODELS[NAIVE], "spy": spy})

    assert seen == [(days, days, days) for days in (88, 116, 144, 172)]


def test_a_model_that_cannot_be_made_for_one_fold_is_not_published():
    history = demand(NOISY)

    def late(known, horizon):
        return four(known, horizon) if known.days > 100 else None

    [choice] = choose(history, groups_of(history), {NAIVE: MODELS[NAIVE], "late": late})

    assert (choice.model, set(choice.scores)) == (NAIVE, {NAIVE})


def test_a_short_history_and_one_without_sales_are_naive_and_say_so():
    short, silent = demand(NOISY[:, :20]), demand(np.zeros((2, 100)))

    [of_short], [of_silent] = choose(short, groups_of(short)), choose(silent, groups_of(silent))

    assert (of_short.model, of_short.reason) == (NAIVE, "the history is too short for a backtest")
    assert (of_silent.model, of_silent.reason) == (NAIVE, "nothing was sold in the backtest")


def test_products_are_grouped_by_category_and_by_how_often_they_sell():
    units = np.ones((4, 100))
    units[1, ::2] = 0
    units[3, :80] = NAN

    groups = groups_of(demand(units, category=[0, 0, 1, 1]))

    assert [groups.names[place] for place in groups.of_product] == [
        "a/regular",
        "a/intermittent",
        "b/regular",
        "b/regular",
    ]


def test_the_boosted_model_learns_weekdays_and_levels_and_is_never_negative():
    rng = np.random.default_rng(3)
    level = np.array([2.0, 5, 10, 20, 40, 80] * 5)[:, None]
    week = np.tile([0.5, 0.5, 0.5, 0.5, 1, 2, 2], 20)[None, :]
    history = demand(rng.poisson(level * week))

    forecast = boosted(history, HORIZON)

    median = forecast[level[:, 0] == 40][:, :, 1].mean(axis=0)
    assert median[:7] == pytest.approx(40 * week[0, :7], rel=0.15)
    assert (forecast >= 0).all()
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert boosted(history, HORIZON).tolist() == forecast.tolist()  # the same demand, the same forecast


def test_the_boosted_model_needs_rows_to_learn_from():
    assert training_rows(demand(np.ones((2, 20))), HORIZON) is None
    assert boosted(demand(np.ones((MIN_ROWS // 100, 36))), HORIZON) is None


def test_a_product_without_history_gets_a_forecast_of_nothing():
    units = np.concatenate([np.random.default_rng(3).poisson(4, (20, 140)).astype(float), np.full((1, 140), NAN)])

    forecast = boosted(demand(units), HORIZON)

    assert forecast[-1].max() == 0
