"""The named queries about sales and products."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.queries.conftest import TODAY

JUNE = date(2026, 6, 1)
MONDAY = date(2026, 6, 29)


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
def month(insert):
    """One customer record of June: two orders, 100.00 of revenue at a cost of 40.00."""

    def add(**values):
        usual = {
            "month_start": JUNE,
            "customer_id": "CUS-0000001",
            "orders": 2,
            "cancelled_orders": 0,
            "units": 3,
            "net_reporting": 120,
            "returned_reporting": 20,
            "revenue_reporting": 100,
            "cost_reporting": 40,
            "margin_reporting": 60,
        }
        insert("processed.customer_months", **{**usual, **values})

    return add


@pytest.fixture
def week(insert):
    """A week of ten orders in one channel and country, worth 100.00."""

    def add(**values):
        usual = {
            "week_start": MONDAY,
            "iso_year": 2026,
            "iso_week": 27,
            "channel": "web",
            "country_code": "DE",
            "orders": 10,
            "converted_orders": 8,
            "units": 20,
            "unconverted_lines": 2,
            "net_reporting": 100,
            "returned_reporting": 10,
            "margin_reporting": 40,
        }
        insert("curated.sales_weekly", **{**usual, **values})

    return add


@pytest.fixture
def line(insert):
    """One order line of 2 units for 20.00 euros, sold today."""

    def add(**values):
        usual = {
            "order_date": TODAY,
            "order_id": "ORD-0000000001",
            "line_number": 1,
            "product_id": "PRD-00001",
            "is_sold": True,
            "quantity": 2,
            "net_reporting": 20,
        }
        insert("processed.order_lines", **{**usual, **values})

    return add


@pytest.fixture
def product(insert):
    """The current version of a product."""

    def add(product_id="PRD-00001", **values):
        usual = {"product_name": f"Name of {product_id}", "category": "books", "is_current": True}
        insert("curated.dim_product", product_id=product_id, **{**usual, **values})

    return add


@pytest.fixture
def performance(insert):
    """June of one product, the best of the month."""

    def add(**values):
        usual = {
            "month_start": JUNE,
            "product_id": "PRD-00001",
            "revenue_rank": 1,
            "viewers": 200,
            "cart_visitors": 50,
            "customers": 20,
            "orders": 25,
            "units": 30,
            "returned_units": 3,
            "return_rate": "0.1000",
            "net_reporting": 300,
            "returned_reporting": 30,
            "margin_reporting": 120,
        }
        insert("curated.product_performance", **{**usual, **values})

    return add


def baskets(line, *orders):
    """Orders by the products in them: 'AB' is one order of A and B."""
    for number, products in enumerate(orders):
        for place, letter in enumerate(products):
            line(order_id=f"ORD-{number:010}", line_number=place, product_id=letter)


def test_daily_kpis_add_channels_and_countries_but_never_currencies(run, sales):
    sales()
    sales(channel="store", country_code="FR", orders=5, net_revenue=55)
    sales(currency="SEK", net_revenue=1_000)

    rows = run("daily_kpis")

    assert [(row["currency"], row["orders"], row["net_revenue"]) for row in rows] == [
        ("EUR", 15, Decimal("150.00")),
        ("SEK", 10, Decimal("1000.00")),
    ]


def test_daily_kpis_cover_the_last_thirty_days_or_those_that_are_asked_for(run, sales):
    for back in (0, 30, 31):
        sales(order_date=TODAY - timedelta(days=back))

    assert [row["order_date"] for row in run("daily_kpis")] == [TODAY, TODAY - timedelta(days=30)]
    assert len(run("daily_kpis", first_day=TODAY - timedelta(days=31))) == 3


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


def test_monthly_sales_add_customers_and_count_those_who_bought(run, month):
    month()
    month(customer_id="CUS-0000002", orders=1, revenue_reporting=50, margin_reporting=15)
    month(customer_id="CUS-0000003", orders=0, cancelled_orders=1, revenue_reporting=0, margin_reporting=0)

    [row] = run("monthly_sales")

    assert [row[name] for name in ("customer_records", "orders", "cancelled_orders")] == [2, 3, 1]
    assert (row["revenue"], row["margin_after_returns"], row["average_order_value"]) == (150, 75, Decimal("50.00"))
    assert row["margin_share"] == Decimal("0.5000")


def test_monthly_sales_grow_over_the_month_before_and_over_no_other(run, month):
    for start, revenue in ((date(2026, 3, 1), 80), (date(2026, 5, 1), 80), (JUNE, 100)):
        month(month_start=start, revenue_reporting=revenue)

    growth = {row["month_start"]: row["revenue_growth"] for row in run("monthly_sales")}

    assert growth == {JUNE: Decimal("0.2500"), date(2026, 5, 1): None, date(2026, 3, 1): None}


def test_monthly_sales_go_back_24_months_newest_first(run, month):
    for start in (date(2024, 5, 1), date(2024, 6, 1), JUNE):
        month(month_start=start)

    assert [row["month_start"] for row in run("monthly_sales")] == [JUNE, date(2024, 6, 1)]


def test_monthly_sales_of_a_month_of_cancelled_orders_have_no_average_and_no_error(run, month):
    month(orders=0, revenue_reporting=0, margin_reporting=0)

    [row] = run("monthly_sales")

    assert [row[name] for name in ("average_order_value", "margin_share", "revenue_growth")] == [None] * 3


def test_weekly_sales_add_channels_and_countries(run, week):
    week()
    week(channel="store", orders=5, converted_orders=2, net_reporting=50, returned_reporting=0, margin_reporting=10)

    [row] = run("weekly_sales")

    assert (row["week_start"], row["iso_year"], row["iso_week"]) == (MONDAY, 2026, 27)
    assert [row[name] for name in ("orders", "units", "unconverted_lines")] == [15, 40, 4]
    assert [row[name] for name in ("net_sales", "returned_sales", "margin")] == [150, 10, 50]
    assert row["average_order_value"] == Decimal("15.00")  # of the ten orders that have a rate of exchange


def test_weekly_sales_grow_over_the_week_before_and_over_no_other(run, week):
    for weeks_ago, sales in ((0, 100), (1, 80), (3, 80)):
        week(week_start=MONDAY - timedelta(weeks=weeks_ago), net_reporting=sales)

    growth = {(MONDAY - row["week_start"]).days // 7: row["sales_growth"] for row in run("weekly_sales")}

    assert growth == {0: Decimal("0.2500"), 1: None, 3: None}


def test_weekly_sales_cover_half_a_year(run, week):
    for weeks_ago in (0, 25, 26):
        week(week_start=MONDAY - timedelta(weeks=weeks_ago))

    assert len(run("weekly_sales")) == 2


def test_top_products_rank_by_what_they_brought_and_have_their_names(run, line, product):
    line()
    line(order_id="ORD-0000000002", product_id="PRD-00002", net_reporting=50)
    product("PRD-00002")
    product("PRD-00002", is_current=False, product_name="Its old name")

    rows = run("top_products")

    assert [(row["sales_rank"], row["product_id"], row["net_sales"]) for row in rows] == [
        (1, "PRD-00002", 50),
        (2, "PRD-00001", 20),
    ]
    assert [row["product_name"] for row in rows] == ["Name of PRD-00002", None]


def test_top_products_are_ten_and_ties_are_stable(run, line):
    for number in range(12, 0, -1):
        line(order_id=f"ORD-{number:010}", product_id=f"PRD-{number:05}")

    assert [row["product_id"] for row in run("top_products")] == [f"PRD-{number:05}" for number in range(1, 11)]


def test_top_products_leave_out_cancelled_and_older_lines(run, line):
    line()
    line(line_number=2, is_sold=False)
    line(line_number=3, order_date=TODAY - timedelta(days=31))

    [row] = run("top_products")

    assert (row["orders"], row["units"]) == (1, 2)


def test_an_order_counts_once_for_a_product_however_many_lines_it_has(run, line):
    line()
    line(line_number=2)

    [row] = run("top_products")

    assert (row["orders"], row["units"]) == (1, 4)


def test_a_line_without_a_rate_of_exchange_is_counted_and_brings_nothing(run, line):
    line()
    line(line_number=2, net_reporting=None)
    line(order_id="ORD-0000000002", product_id="PRD-00002", net_reporting=None)

    rows = run("top_products")

    assert [(row["product_id"], row["net_sales"], row["unconverted_lines"]) for row in rows] == [
        ("PRD-00001", 20, 1),
        ("PRD-00002", None, 1),
    ]


def test_product_performance_has_margin_and_buyers_of_the_hundred_best(run, performance, product):
    performance()
    performance(product_id="PRD-00101", revenue_rank=101)
    performance(product_id="PRD-00002", revenue_rank=2, viewers=0, net_reporting=0)
    product(rating_bayesian="4.200", availability="in_stock")

    first, second = run("product_performance")

    assert (first["product_id"], first["product_name"], first["availability"]) == (
        "PRD-00001",
        "Name of PRD-00001",
        "in_stock",
    )
    assert (first["margin_share"], first["buyers_per_viewer"]) == (Decimal("0.4000"), Decimal("0.1000"))
    assert (second["margin_share"], second["buyers_per_viewer"]) == (None, None)


def test_product_performance_covers_this_month_and_the_last(run, performance):
    for month in (6, 5, 4):
        performance(month_start=date(2026, month, 1))

    assert [row["month_start"].month for row in run("product_performance")] == [6, 5]


def test_basket_affinity_measures_support_confidence_and_lift(run, line):
    baskets(line, "AB", "AB", "AC", "B", "D")

    rows = run("basket_affinity", least_orders=1)

    # A is in 3 orders of 5, B in 3, C in 1; A and B together in 2: lift 2 * 5 / (3 * 3).
    assert [(row["first_product_id"] + row["second_product_id"], row["orders"]) for row in rows] == [
        ("AC", 1),
        ("AB", 2),
    ]
    assert [row["support"] for row in rows] == [Decimal("0.200000"), Decimal("0.400000")]
    assert [row["confidence"] for row in rows] == [Decimal("0.3333"), Decimal("0.6667")]
    assert [row["lift"] for row in rows] == [Decimal("1.6667"), Decimal("1.1111")]


def test_basket_affinity_leaves_out_pairs_that_are_too_rare(run, line):
    baskets(line, *["AB"] * 5, *["AC"] * 4)

    assert [row["second_product_id"] for row in run("basket_affinity")] == ["B"]


def test_a_product_on_two_lines_of_an_order_is_in_its_basket_once(run, line):
    baskets(line, "AAB", "A")

    [row] = run("basket_affinity", least_orders=1)

    assert (row["orders"], row["support"]) == (1, Decimal("0.500000"))
