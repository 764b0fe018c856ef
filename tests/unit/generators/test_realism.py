"""Generated rows look like a shop's: a model or dashboard built on them sees what it would see in real life."""

import math
from collections import Counter, defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from generators.orders.draw import draw
from generators.orders.lines import ORDER_NUMBERS, SCRAMBLER
from generators.plan.rows import CHUNK_ROWS, RowPlan, slots
from generators.plan.seasonality import day_weight, rows_per_day, window
from generators.shop.markets import MARKETS
from generators.shop.names import EMAIL_DOMAINS, names
from generators.shop.shop import build_shop
from generators.times import midnight

MONDAY = date(2026, 3, 2)
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def year():
    plan = RowPlan(rows=120_000, days=60, seed=11, end_date=date(2026, 5, 31))
    return plan, [draw(plan, slot) for slot in slots(plan)]


def test_an_order_line_appears_once_and_lines_count_from_one(clean_rows):
    keys = [(row["order_id"], row["line_number"]) for row in clean_rows]

    assert len(keys) == len(set(keys))


def test_lines_of_an_order_stand_together_and_share_what_an_order_shares(clean_rows):
    shared = ("customer_id", "customer_email", "channel", "payment_method", "country_code", "currency", "ordered_at")
    orders = defaultdict(set)
    for row in clean_rows:
        orders[row["order_id"]].add(tuple(row[name] for name in shared))

    assert max(map(len, orders.values())) == 1
    assert max(Counter(row["order_id"] for row in clean_rows).values()) > 3


def test_a_customer_keeps_address_and_country(clean_rows):
    known = defaultdict(set)
    for row in clean_rows:
        if row["customer_email"]:
            known[row["customer_id"]].add((row["customer_email"], row["country_code"], row["currency"]))

    assert max(map(len, known.values())) == 1
    assert len({next(iter(facts))[0] for facts in known.values()}) == len(known)


def test_customers_return(clean_rows):
    orders = Counter(customer for customer, _ in {(row["customer_id"], row["order_id"]) for row in clean_rows})

    assert sum(count > 1 for count in orders.values()) > len(orders) / 4


def test_only_store_receipts_lack_an_address(clean_rows):
    without = {row["channel"] for row in clean_rows if not row["customer_email"]}

    assert without == {"store"}


def test_addresses_are_at_domains_reserved_for_examples(clean_rows):
    assert {row["customer_email"].partition("@")[2] for row in clean_rows if row["customer_email"]} <= set(
        EMAIL_DOMAINS
    )


def test_a_product_has_one_price_in_each_currency(clean_rows):
    prices = defaultdict(set)
    for row in clean_rows:
        prices[row["product_id"], row["currency"]].add(row["unit_price"])

    assert max(map(len, prices.values())) == 1


def test_few_products_make_most_of_the_sales(year):
    _, days = year
    sold = np.sort(np.bincount(np.concatenate([lines.product for lines in days])))[::-1]

    assert 0.45 < sold[: len(sold) // 10].sum() / sold.sum() < 0.85


def test_tax_is_the_country_standard_on_the_discounted_value(clean_rows):
    rates = {market.country: Decimal(market.tax_basis_points) / 10_000 for market in MARKETS}

    for row in clean_rows:
        net = int(row["quantity"]) * Decimal(row["unit_price"]) - Decimal(row["discount_amount"])
        assert Decimal(row["tax_amount"]) == (net * rates[row["country_code"]]).quantize(CENT, ROUND_HALF_UP)
        assert Decimal(row["line_total"]) == net + Decimal(row["tax_amount"])


def test_some_lines_are_discounted(clean_rows):
    discounted = sum(row["discount_amount"] != "0.00" for row in clean_rows)

    assert 0.1 < discounted / len(clean_rows) < 0.35


def test_rows_lie_in_the_day_of_their_file_in_order_of_time(small_set, clean_rows):
    times = [row["ordered_at"] for row in clean_rows]

    assert times == sorted(times)
    assert (min(times)[:10], max(times)[:10]) == ("2026-03-04", "2026-03-08")


def test_old_orders_have_moved_on_and_new_ones_have_not(year):
    plan, days = year
    final = [(lines.status >= 3).mean() for lines in days]

    assert final[0] > 0.99
    assert final[-1] < 0.1
    for lines in days:
        assert (lines.updated_at >= lines.ordered_at).all()
        assert (lines.updated_at <= np.maximum(lines.ordered_at, plan.observed)).all()


def test_nights_are_quiet_and_evenings_are_busy(year):
    _, days = year
    hours = np.bincount(np.concatenate([lines.ordered_at for lines in days]) // 3600 % 24, minlength=24)

    assert hours[19:21].mean() > 10 * hours[1:4].mean()


def test_weekends_black_friday_and_growth_show_in_the_days():
    def mean(days):
        return np.mean([day_weight(day, 1) for day in days])

    ordinary = window(date(2026, 3, 29), 28)
    assert mean(day for day in ordinary if day.weekday() == 6) > 1.08 * mean(
        day for day in ordinary if day.weekday() == 1
    )
    assert day_weight(date(2026, 11, 27), 1) > 1.8 * day_weight(date(2026, 11, 20), 1)
    assert mean(ordinary) > 1.1 * mean(window(date(2025, 3, 29), 28))
    assert mean(window(date(2026, 12, 10), 7)) > 1.2 * mean(window(date(2026, 6, 10), 7))


@pytest.mark.parametrize(("rows", "days"), [(1, 1), (30, 30), (31, 30), (100_003, 30), (5_000_000, 365)])
def test_days_share_out_every_row_and_none_is_empty(rows, days):
    counts = rows_per_day(rows, window(MONDAY, days), seed=3)

    assert sum(counts) == rows
    assert len(counts) == days
    assert min(counts) >= 1


def test_a_day_of_many_chunks_is_one_sequence_of_unique_orders():
    plan = RowPlan(rows=2 * CHUNK_ROWS + 10, days=1, seed=5, end_date=MONDAY)
    parts = list(slots(plan))
    drawn = [draw(plan, slot) for slot in parts]

    ordered_at = np.concatenate([lines.ordered_at for lines in drawn])
    keys = np.concatenate([lines.order * 100 + lines.line for lines in drawn])
    assert [slot.first_row for slot in parts] == [1, 133_337, 266_674]
    assert (np.diff(ordered_at) >= 0).all()
    assert len(np.unique(keys)) == plan.rows
    assert midnight(MONDAY) <= ordered_at[0] <= ordered_at[-1] < plan.end


def test_memory_is_bounded_whatever_the_rows():
    plan = RowPlan(rows=50_000_000, days=10, seed=5, end_date=MONDAY)

    assert max(slot.rows for slot in slots(plan)) <= CHUNK_ROWS
    assert plan.customers <= 500_000


def test_no_two_order_numbers_give_one_identifier():
    assert math.gcd(SCRAMBLER, ORDER_NUMBERS) == 1


def test_sets_of_other_arguments_have_other_orders():
    plans = [RowPlan(2_000, 2, seed, end) for seed in (1, 2) for end in (MONDAY, date(2026, 3, 3))]
    orders = [{order for slot in slots(plan) for order in draw(plan, slot).order.tolist()} for plan in plans]

    assert len(set.union(*orders)) == sum(map(len, orders))


def test_a_customer_is_the_same_person_in_a_larger_set():
    few, many = build_shop(3, 500), build_shop(3, 5_000)

    assert many.email[:500].equals(few.email)
    assert (many.market[:500] == few.market).all()
    assert (many.offer.price == few.offer.price).all()


@pytest.mark.parametrize("locale", [market.locale for market in MARKETS])
def test_names_need_no_quoting_in_any_format(locale):
    assert all(name.isascii() and name.isalnum() for part in names(7, locale) for name in part)
