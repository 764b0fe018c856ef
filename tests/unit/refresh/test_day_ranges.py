import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake.refresh.day_ranges import ALWAYS, DayRange, aligned, joined, of_days, widened

JANUARY = date(2026, 1, 1)
DAYS = st.dates(date(2025, 11, 1), date(2026, 3, 1))
RANGES = st.lists(
    st.tuples(st.none() | DAYS, st.none() | DAYS)
    .filter(lambda ends: None in ends or ends[0] <= ends[1])
    .map(lambda ends: DayRange(first=ends[0], last=ends[1])),
    max_size=6,
)
UNIVERSE = [date(2025, 10, 1) + timedelta(days=n) for n in range(200)]


def day(number):
    return JANUARY + timedelta(days=number - 1)


def closed(first, last):
    return DayRange(first=day(first), last=day(last))


def held(ranges):
    return {
        one
        for one in UNIVERSE
        if any((r.first is None or r.first <= one) and (r.last is None or one <= r.last) for r in ranges)
    }


@given(RANGES)
def test_joined_ranges_hold_the_same_days_and_never_touch(ranges):
    found = joined(ranges)

    assert held(found) == held(ranges)
    assert all(one.last + timedelta(days=1) < other.first for one, other in itertools.pairwise(found))


@given(st.sets(DAYS, max_size=20))
def test_days_come_back_as_ranges_that_hold_them_and_no_others(days):
    assert held(of_days(days)) == days


@given(RANGES, st.integers(0, 40), st.integers(0, 40))
def test_widening_adds_the_days_around(ranges, before, after):
    inside = held(ranges)
    wanted = {one for one in UNIVERSE if any(one + timedelta(days=n) in inside for n in range(-after, before + 1))}

    assert wanted <= held(widened(ranges, before, after))


@pytest.mark.parametrize(
    ("unit", "first", "last"),
    [
        pytest.param("days", date(2026, 1, 8), date(2026, 2, 28), id="days stay"),
        pytest.param("weeks", date(2026, 1, 5), date(2026, 3, 1), id="from Monday to Sunday"),
        pytest.param("months", date(2026, 1, 1), date(2026, 2, 28), id="February has 28 days"),
        pytest.param("years", date(2026, 1, 1), date(2026, 12, 31), id="years"),
    ],
)
def test_ranges_grow_to_whole_units(unit, first, last):
    assert aligned([DayRange(first=date(2026, 1, 8), last=date(2026, 2, 28))], unit) == (
        DayRange(first=first, last=last),
    )


def test_the_week_of_new_year_begins_in_the_old_year():
    assert aligned([closed(1, 1)], "weeks") == (DayRange(first=date(2025, 12, 29), last=date(2026, 1, 4)),)


def test_open_ends_stay_open():
    assert aligned([ALWAYS], "months") == (ALWAYS,)
    assert widened([DayRange(first=day(5), last=None)], 2, 2) == (DayRange(first=day(3), last=None),)


def test_ranges_read_like_a_sentence():
    assert [str(one) for one in (closed(1, 1), closed(1, 3), ALWAYS)] == [
        "2026-01-01",
        "2026-01-01 to 2026-01-03",
        "the beginning to the end",
    ]


@pytest.mark.parametrize("unit", ["days", "weeks", "months", "years"])
def test_the_end_of_the_calendar_is_no_fault(unit):
    last = DayRange(first=date.max, last=date.max)

    assert aligned([last], unit)[0].last == date.max
    assert widened([last], 0, 1)[0].last == date.max
    assert joined([last, last]) == (last,)
