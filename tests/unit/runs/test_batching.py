import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake.runs.batching import LIGHT_RUNS, files_to_take
from cartlake.runs.slicing import SizedFile, SliceLimits, fits

LIMITS = SliceLimits(files=1000, expanded=256e6, rows=5e6)


def files(*megabytes, rows=1):
    return [SizedFile(f"2026-01-31T08:30:{n:02d}", int(size * 1e6), rows) for n, size in enumerate(megabytes)]


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [
        pytest.param([1, 2, 3], 3, id="few"),
        pytest.param([200, 56], 2, id="as much as one run may"),
        pytest.param([200, 57], 1, id="a little more"),
        pytest.param([100] * 10, 2, id="four runs"),
        pytest.param([100] * 11, 11, id="more than four runs"),
        pytest.param([10, 300, 10], 3, id="one that is too large alone"),
        pytest.param([], 0, id="none"),
    ],
)
def test_a_run_takes_what_the_light_engine_may_or_all(waiting, taken):
    assert files_to_take(files(*waiting), LIMITS) == taken


def test_rows_are_a_limit_too():
    assert files_to_take(files(1, 1, 1, rows=3_000_000), LIMITS) == 1


def test_files_are_a_limit_too():
    assert files_to_take(files(*[0.001] * 1500), LIMITS) == 1000


def test_a_light_engine_that_takes_nothing_leaves_all_to_spark():
    assert files_to_take(files(1, 2), SliceLimits(1000, 0, 0)) == 2


@given(st.lists(st.integers(0, 400), max_size=40))
def test_some_are_always_taken_and_they_fit_or_are_all(sizes):
    waiting = files(*sizes)

    taken = files_to_take(waiting, LIMITS)

    assert (taken > 0) == bool(sizes)
    assert taken == len(sizes) or (fits(waiting[:taken], LIMITS) and not fits(waiting[: taken + 1], LIMITS))


@given(st.lists(st.integers(1, 256), min_size=1, max_size=40))
def test_files_that_wait_are_all_taken_after_a_few_runs(sizes):
    waiting, runs = files(*sizes), 0
    while waiting:
        waiting = waiting[files_to_take(waiting, LIMITS) :]
        runs += 1
    assert runs <= 2 * LIGHT_RUNS
