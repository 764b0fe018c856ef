"""Sales and versions of products become arrays: what is a zero, what is not known, and which price a day had."""

from datetime import date, timedelta

import numpy as np
import pytest

from glue_jobs.demand_forecast.demand import WINDOW_DAYS, NoSalesError, Offer, Sale, demand_of
from tests.unit.forecast.simple import FIRST, NAN

TODAY = FIRST + timedelta(days=10)


def day(number):
    return FIRST + timedelta(days=number)


def sale(product, number, units=1.0):
    return Sale(product, day(number), units, 1.0)


def version(product="A", begin=-100, end=None, price=10.0, **changes):
    last = None if end is None else day(end)
    offer = Offer(product, "toys", day(begin), last, price, 6.0, is_active=True, is_current=end is None)
    return offer._replace(**changes)


def test_days_without_a_sale_of_a_product_are_zero_and_days_without_any_sale_are_gaps():
    found = demand_of([sale("A", 0, 2), sale("A", 0, 3), sale("A", 3), sale("B", 1)], [version()], TODAY)

    assert (found.product_ids, found.first_day, found.last_day) == (("A", "B"), day(0), day(3))
    np.testing.assert_array_equal(found.units, [[5, 0, NAN, 1], [NAN, 1, NAN, 0]])
    np.testing.assert_array_equal(found.purchases[0], [2, 0, NAN, 1])


def test_a_product_that_starts_late_is_unknown_before_its_first_version_or_sale():
    everyday = [sale("A", number) for number in range(5)]

    found = demand_of([*everyday, sale("C", 3)], [version("B", begin=2), version("C", begin=4)], TODAY)

    np.testing.assert_array_equal(found.units[1:], [[NAN, NAN, 0, 0, 0], [NAN, NAN, NAN, 1, 0]])


def test_sales_of_today_are_left_out():
    found = demand_of([sale("A", 0), sale("A", 10)], [], TODAY)

    assert found.last_day == day(0)


def test_the_day_of_a_price_change_has_no_price_and_a_version_of_the_same_price_changes_none():
    versions = [version(end=2), version(begin=2, end=3), version(begin=3, price=12.0)]

    found = demand_of([sale("A", number) for number in range(6)], versions, TODAY)

    np.testing.assert_array_equal(found.price[0], [10, 10, 10, NAN, 12, 12])
    assert (found.list_price[0], found.unit_cost[0]) == (12, 6)


def test_a_price_is_unknown_before_the_first_version():
    found = demand_of([sale("A", number) for number in range(3)], [version(begin=1)], TODAY)

    np.testing.assert_array_equal(found.price[0], [NAN, 10, 10])


def test_inactive_products_that_were_not_sold_are_left_out_and_unknown_ones_that_were_sold_are_not():
    offers = [version("A"), version("B", is_active=False), version("C", is_active=False)]

    found = demand_of([sale("C", 0), sale("X", 0)], offers, TODAY)

    assert found.product_ids == ("A", "C", "X")
    assert [found.categories[place] for place in found.category] == ["toys", "toys", "unknown"]
    assert np.isnan(found.list_price[2])


def test_only_the_last_two_years_are_read():
    found = demand_of([Sale("A", date(2020, 1, 1), 1, 1), sale("A", 0)], [], TODAY)

    assert (found.days, found.last_day) == (WINDOW_DAYS, day(0))


def test_without_a_sale_there_is_nothing_to_forecast_from():
    with pytest.raises(NoSalesError, match="No unit was sold before 2026-01-15: load orders first, then forecast"):
        demand_of([sale("A", 10)], [version()], TODAY)
