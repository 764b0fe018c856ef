"""When the next run of a dataset may start."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake.runs.gathering import seconds_to_gather

START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("elapsed", "window", "seconds"),
    [
        pytest.param(0, 60, 60, id="at the start"),
        pytest.param(12.4, 60, 48, id="part of a second counts as one"),
        pytest.param(59.999, 60, 1, id="just before the end"),
        pytest.param(60, 60, 0, id="at the end"),
        pytest.param(3600, 60, 0, id="long after"),
        pytest.param(5, 0, 0, id="no window"),
        pytest.param(-0.001, 60, 0, id="the clock went back a little"),
        pytest.param(-86_400, 60, 0, id="the clock went back a day"),
    ],
)
def test_the_window_counts_from_the_last_start(elapsed, window, seconds):
    assert seconds_to_gather(START, START + timedelta(seconds=elapsed), window) == seconds


def test_a_dataset_that_never_had_a_run_waits_for_nothing():
    assert seconds_to_gather(None, START, 60) == 0


@given(st.floats(-1e9, 1e9), st.integers(0, 3600))
def test_no_clock_makes_a_run_wait_longer_than_the_window(elapsed, window):
    assert 0 <= seconds_to_gather(START, START + timedelta(seconds=elapsed), window) <= window
