from datetime import date, timedelta
from decimal import Decimal

import pytest

TODAY = date(2026, 6, 30)


@pytest.fixture
def sales(insert):
    """One row of the mart: ten orders of 10.00 each, one of them with a discount of 5.00."""

    def add(**values):
        usual = {
            "order_date": TODAY,
            "channel": "web",
            "country_code": "DE",
            "currency": "EUR",
            "orders": 10,
            "order_lines": 12,
            "units": 20,
            "gross_revenue": 100,
            "discounts": 5,
            "taxes": 19,
            "net_revenue": 95,
            "cancelled_lines": 0,
            "refunded_lines": 0,
            "customers": 9,
        }
        insert("curated.sales_daily", **{**usual, **values})

    return add


@pytest.fixture
def line(insert):
    """One order line of 2 units at 10.00, sold today."""

    def add(**values):
        usual = {
            "order_id": "ORD-0000000001",
            "line_number": 1,
            "customer_id": "CUS-0000001",
            "product_id": "PRD-00001",
            "order_status": "paid",
            "currency": "EUR",
            "quantity": 2,
            "unit_price": 10,
            "discount_amount": 0,
            "ordered_at": f"{TODAY} 12:00:00+00",
        }
        insert("processed.transactions", **{**usual, **values})

    return add


def test_daily_kpis_add_channels_and_countries_but_never_currencies(run, sales):
    sales()
    sales(channel="store", country_code="FR", orders=5, net_revenue=55)
    sales(currency="SEK", net_revenue=1_000)

    rows = run("daily_kpis")

    assert [(row["currency"], row["orders"], row["net_revenue"]) for row in rows] == [
        ("EUR", 15, Decimal("150.00")),
        ("SEK", 10, Decimal("1000.00")),
    ]


def test_daily_kpis_cover_the_last_thirty_days_that_have_orders(run, sales):
    sales()
    sales(order_date=TODAY - timedelta(days=29))
    sales(order_date=TODAY - timedelta(days=30))

    assert [row["order_date"] for row in run("daily_kpis")] == [TODAY, TODAY - timedelta(days=29)]


def test_daily_kpis_average_over_seven_days_of_one_currency(run, sales):
    for back in range(8):
        sales(order_date=TODAY - timedelta(days=back), net_revenue=70 if back == 0 else 0)
    sales(currency="SEK", net_revenue=7)

    today = {row["currency"]: row for row in run("daily_kpis") if row["order_date"] == TODAY}

    assert today["EUR"]["net_revenue_7_day_average"] == Decimal("10.00")
    assert today["SEK"]["net_revenue_7_day_average"] == Decimal("7.00")


def test_daily_kpis_of_a_day_on_which_everything_was_cancelled_have_no_average_and_no_error(run, sales):
    sales(orders=0, order_lines=0, units=0, gross_revenue=0, discounts=0, net_revenue=0, cancelled_lines=3)

    [row] = run("daily_kpis")

    assert (row["average_order_value"], row["discount_share"], row["cancelled_share"]) == (None, None, Decimal(1))


def test_daily_kpis_shares_and_order_value(run, sales):
    sales(cancelled_lines=4)

    [row] = run("daily_kpis")

    assert row["average_order_value"] == Decimal("9.50")
    assert (row["discount_share"], row["cancelled_share"]) == (Decimal("0.0500"), Decimal("0.2500"))


def test_top_products_rank_by_net_revenue_within_a_currency(run, line):
    line()
    line(order_id="ORD-0000000002", product_id="PRD-00002", unit_price=100, discount_amount=50)
    line(order_id="ORD-0000000003", product_id="PRD-00003", currency="SEK", unit_price=1)

    rows = run("top_products")

    assert [(r["currency"], r["revenue_rank"], r["product_id"], r["net_revenue"]) for r in rows] == [
        ("EUR", 1, "PRD-00002", Decimal("150.00")),
        ("EUR", 2, "PRD-00001", Decimal("20.00")),
        ("SEK", 1, "PRD-00003", Decimal("2.00")),
    ]


def test_top_products_are_ten_per_currency_without_cancelled_and_old_lines(run, line):
    for number in range(12):
        line(order_id=f"ORD-{number:010}", product_id=f"PRD-{number:05}", unit_price=10 + number)
    line(product_id="PRD-99998", unit_price=999, order_status="cancelled")
    line(product_id="PRD-99999", unit_price=999, ordered_at=f"{TODAY - timedelta(days=30)} 12:00:00+00")

    products = [row["product_id"] for row in run("top_products")]

    assert products == [f"PRD-{number:05}" for number in range(11, 1, -1)]


def test_an_order_counts_once_for_a_product_however_many_lines_it_has(run, line):
    line()
    line(line_number=2)

    [row] = run("top_products")

    assert (row["orders"], row["units"]) == (1, 4)
