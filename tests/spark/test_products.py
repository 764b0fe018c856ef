"""Products through time, and what they sold in each month: the same cases on Spark and on DuckDB."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from cartlake import contracts
from glue_jobs.transforms.product_bands import BANDS, LIMITS, availability, price_band
from glue_jobs.transforms.products import dim_product, product_performance
from tests.spark.built import built_rows, contract_types, table_rows, types_of
from tests.spark.converted_lines import EUROS, MIXED, line
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

START = datetime(2026, 1, 1, tzinfo=UTC)


def after(days):
    return START + timedelta(days=days)


def product(day=0, **changes):
    usual = {
        "product_id": "PRD-00042",
        "product_name": "Shoe",
        "category": "shoes",
        "brand": "Northway",
        "vendor_id": "VEN-0001",
        "list_price": Decimal("89.00"),
        "unit_cost": Decimal("41.50"),
        "stock_quantity": 120,
        "is_active": True,
        "launched_on": date(2025, 3, 1),
        "updated_at": after(day),
    }
    return usual | changes


def vendor(day=0, **changes):
    usual = {"vendor_id": "VEN-0001", "vendor_name": "Alpine", "country_code": "AT", "lead_time_days": 7}
    return usual | {"is_active": True, "updated_at": after(day)} | changes


def review(rating, product_id="PRD-00042", *, verified=True):
    return {"product_id": product_id, "rating": rating, "is_verified_purchase": verified}


def dimension(frame, products, vendors=(), reviews=()):
    return transformed(
        dim_product,
        products=table_rows(frame, "products", *products),
        vendors=table_rows(frame, "vendors", *vendors),
        fct_reviews=table_rows(frame, "fct_reviews", *reviews),
    )


def rows_of(frame, products, vendors=(), reviews=()):
    return built_rows(dimension(frame, products, vendors, reviews), "product_id", "valid_from")


def known(frame, products, vendors=(), reviews=()):
    return [row for row in rows_of(frame, products, vendors, reviews) if row["product_id"] != "PRD-UNKNOWN"]


def periods(rows, *names):
    """From and to in days after START, and the columns asked for."""

    def day(instant):
        return instant and (instant - START) / timedelta(days=1)

    return [(day(row["valid_from"]), day(row["valid_to"]), *(row[name] for name in names)) for row in rows]


def test_the_dimension_has_the_columns_and_types_of_its_contract(frame):
    assert types_of(dimension(frame, [product()], [vendor()], [review(5)])) == contract_types("dim_product")


def test_a_product_without_changes_is_one_open_row(frame):
    [row] = known(frame, [product()], [vendor(-5)])

    assert periods([row], "is_current", "vendor_name", "vendor_country_code") == [(0, None, True, "Alpine", "AT")]
    assert (row["list_price"], row["unit_cost"]) == (Decimal("89.00"), Decimal("41.50"))
    assert (row["vendor_is_active"], row["is_active"], row["launched_on"]) == (True, True, date(2025, 3, 1))


def test_the_unknown_product_is_there_even_without_products(frame):
    [row] = rows_of(frame, [])

    filled = {name: value for name, value in row.items() if value is not None}
    del filled["product_key"]
    unknown = ("product_name", "category", "brand", "vendor_id", "vendor_name", "availability")
    assert filled == {
        **dict.fromkeys(unknown, "unknown"),
        "product_id": "PRD-UNKNOWN",
        "valid_from": datetime(1900, 1, 1, tzinfo=UTC),
        "is_current": True,
        "vendor_country_code": "ZZ",
        "review_count": 0,
    }


def test_the_key_is_a_hash_of_product_and_beginning(frame):
    instant = after(0) + timedelta(microseconds=1)
    [row] = known(frame, [product(updated_at=instant)])

    microseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert row["product_key"] == sha256(f"PRD-00042|{microseconds}".encode()).hexdigest()


def test_each_change_of_the_product_begins_a_row_at_which_the_one_before_ends(frame):
    versions = [product(9, list_price=Decimal("79.00")), product(0), product(4, brand="Southway")]

    rows = known(frame, versions, [vendor(-5)])

    assert periods(rows, "brand", "list_price", "is_current") == [
        (0, 4, "Northway", Decimal("89.00"), False),
        (4, 9, "Southway", Decimal("89.00"), False),
        (9, None, "Northway", Decimal("79.00"), True),
    ]
    assert len({row["product_key"] for row in rows}) == 3


def test_versions_that_change_nothing_make_no_row(frame):
    versions = [product(0), product(2), product(4, stock_quantity=90), product(6, brand="B"), product(8, brand="B")]

    assert periods(known(frame, versions, [vendor(-5), vendor(3)]), "brand") == [(0, 6, "Northway"), (6, None, "B")]


def test_a_state_that_comes_back_is_a_row_again(frame):
    versions = [product(0), product(2, is_active=False), product(4)]

    assert periods(known(frame, versions), "availability") == [
        *((0, 2, "in_stock"), (2, 4, "discontinued"), (4, None, "in_stock")),
    ]


@pytest.mark.parametrize("launched_on", [None, date(2025, 3, 1)], ids=["lost", "found"])
def test_a_value_that_comes_or_goes_is_a_change(frame, launched_on):
    other = date(2025, 3, 1) if launched_on is None else None

    rows = known(frame, [product(0, launched_on=other), product(2, launched_on=launched_on)])

    assert periods(rows, "launched_on") == [(0, 2, other), (2, None, launched_on)]


def test_changes_of_the_vendor_begin_rows_of_its_products(frame):
    vendors = [
        vendor(-9, vendor_name="Old"),
        vendor(3, vendor_name="New"),
        vendor(6, vendor_name="New", is_active=False),
    ]

    rows = known(frame, [product(0), product(4, brand="B")], vendors)

    assert periods(rows, "vendor_name", "vendor_is_active", "brand") == [
        (0, 3, "Old", True, "Northway"),
        (3, 4, "New", True, "Northway"),
        (4, 6, "New", True, "B"),
        (6, None, "New", False, "B"),
    ]


def test_only_the_vendor_of_the_time_matters(frame):
    versions = [product(0), product(5, vendor_id="VEN-0002")]
    vendors = [
        vendor(-9),
        vendor(7, vendor_name="Alpine later"),
        vendor(-9, vendor_id="VEN-0002", vendor_name="Baltic early"),
        vendor(2, vendor_id="VEN-0002", vendor_name="Baltic"),
    ]

    assert periods(known(frame, versions, vendors), "vendor_name") == [(0, 5, "Alpine"), (5, None, "Baltic")]


def test_a_vendor_is_unknown_until_its_first_version(frame):
    rows = known(frame, [product(0)], [vendor(3)])

    assert periods(rows, "vendor_name", "vendor_country_code", "vendor_is_active") == [
        *((0, 3, "unknown", "ZZ", None), (3, None, "Alpine", "AT", True)),
    ]


def test_a_product_of_an_unknown_vendor_is_kept(frame):
    rows = known(frame, [product(0)], [vendor(-5, vendor_id="VEN-0009")])

    assert periods(rows, "vendor_id", "vendor_name") == [(0, None, "VEN-0001", "unknown")]


def test_product_and_vendor_changing_at_once_make_one_row(frame):
    rows = known(frame, [product(0), product(4, brand="B")], [vendor(0), vendor(4, vendor_name="New")])

    assert periods(rows, "brand", "vendor_name") == [(0, 4, "Northway", "Alpine"), (4, None, "B", "New")]


def test_the_order_of_rows_changes_nothing(frame):
    products = [product(n, brand=f"B{n % 3}", product_id=f"PRD-0000{n % 2}") for n in range(8)]
    vendors = [vendor(n, vendor_name=f"V{n}") for n in range(1, 8, 3)]

    assert rows_of(frame, products, vendors) == rows_of(frame, products[::-1], vendors[::-1])


MARGINS = {
    ("89.00", "41.50"): "53.37",
    ("3.00", "1.00"): "66.67",
    ("800.00", "799.93"): "0.01",  # 0.00875
    ("200.00", "199.99"): "0.01",  # a tie goes up
    ("200.00", "200.01"): "-0.01",  # and below zero down
    ("10.00", "10.00"): "0.00",
    ("0.01", "1000000.00"): "-9999999900.00",
    ("0.00", "1.00"): None,
}


def test_the_margin_is_a_percentage_of_the_price_rounded_half_away_from_zero(frame):
    products = [
        product(product_id=f"PRD-0000{n}", list_price=Decimal(price), unit_cost=Decimal(cost))
        for n, (price, cost) in enumerate(MARGINS)
    ]

    rows = known(frame, products)

    assert [row["margin_percent"] for row in rows] == [percent and Decimal(percent) for percent in MARGINS.values()]


PRICES = [
    pytest.param("shoes", "0.00", "budget", id="free"),
    pytest.param("shoes", "39.99", "budget", id="just below the first limit"),
    pytest.param("shoes", "40.00", "standard", id="on the first limit"),
    pytest.param("shoes", "90.00", "premium", id="on the second"),
    pytest.param("shoes", "250.00", "luxury", id="on the third"),
    pytest.param("books", "40.00", "premium", id="another category, other limits"),
    pytest.param("garden", "14.99", "budget", id="usual limits, below"),
    pytest.param("garden", "200.00", "luxury", id="usual limits, above"),
]


def price_bands(frame):
    cases = [(n, case.values[0], Decimal(case.values[1])) for n, case in enumerate(PRICES)]
    prices = frame(cases, "n int, category string, list_price decimal(12,2)")
    bands = {row["n"]: row["band"] for row in prices.select("n", price_band().alias("band")).collect()}
    return {(category, price): bands[n] for n, (category, price, _) in enumerate(case.values for case in PRICES)}


@pytest.mark.parametrize(("category", "price", "band"), PRICES)
def test_the_price_band_goes_by_the_limits_of_the_category(once, category, price, band):
    assert once(price_bands)[category, price] == band


def test_limits_and_bands_are_those_of_the_contract():
    table = contracts.load("products").table
    [categories] = [rule for rule in table.row_rules if rule.name == "category_is_known"]
    [bands] = [rule for rule in contracts.load("dim_product").table.row_rules if rule.name == "price_band_is_known"]

    assert all(f"'{category}'" in categories.expression for category in LIMITS)
    assert all(f"'{band}'" in bands.expression for band in BANDS)
    assert all(list(limits) == sorted(set(limits)) for limits in LIMITS.values())


STOCKS = [
    pytest.param(10, True, "in_stock", id="enough"),
    pytest.param(9, True, "low_stock", id="few"),
    pytest.param(0, True, "out_of_stock", id="none"),
    pytest.param(50, False, "discontinued", id="not on sale"),
]


def availabilities(frame):
    stocks = frame([case.values[:2] for case in STOCKS], "stock_quantity int, is_active boolean")
    rows = stocks.select("stock_quantity", availability().alias("availability")).collect()
    return {row["stock_quantity"]: row["availability"] for row in rows}


@pytest.mark.parametrize(("stock", "is_active", "meaning"), STOCKS)
def test_availability_is_what_stock_means_for_a_buyer(once, stock, is_active, meaning):
    assert once(availabilities)[stock] == meaning


def test_ratings_count_verified_reviews_and_stand_on_all_rows_of_the_product(frame):
    reviews = [review(5), review(4), review(4), review(1, verified=False), review(2, product_id="PRD-00007")]

    rows = known(frame, [product(0), product(3, brand="B")], (), reviews)

    # The mean of all is 15/4; (10 * 3.75 + 13) / 13 = 50.5 / 13.
    ratings = (3, Decimal("4.333"), Decimal("3.885"))
    assert [(row["review_count"], row["rating_average"], row["rating_bayesian"]) for row in rows] == [ratings] * 2


def test_a_product_without_reviews_has_the_mean_of_all(frame):
    [row] = known(frame, [product()], (), [review(5, "PRD-00007"), review(4, "PRD-00008")])

    assert (row["review_count"], row["rating_average"], row["rating_bayesian"]) == (0, None, Decimal("4.500"))


def test_without_any_review_there_is_no_rating(frame):
    [row] = known(frame, [product()], (), [review(5, verified=False)])

    assert (row["review_count"], row["rating_average"], row["rating_bayesian"]) == (0, None, None)


def test_a_tie_in_the_last_digit_of_a_rating_goes_up(frame):
    own = [review(5)] * 6 + [review(4)] * 10

    [row] = known(frame, [product()], (), own)

    # 70 / 16 = 4.375 exactly; with C = 10 that mean stays what it is.
    assert (row["rating_average"], row["rating_bayesian"]) == (Decimal("4.375"), Decimal("4.375"))
    [row] = known(frame, [product()], (), [review(5), *[review(4)] * 15])
    assert row["rating_average"] == Decimal("4.063")  # 65 / 16 = 4.0625


def event(event_type="product_view", visitor="VIS-1", at="2026-02-10T12:00:00+00:00", product="PRD-00042"):
    return {
        "event_id": f"{event_type}-{visitor}-{at}",
        "event_type": event_type,
        "visitor_id": visitor,
        "event_at": datetime.fromisoformat(at),
        "product_id": product,
    }


def performance(frame, lines=(), events=()):
    return transformed(
        product_performance,
        order_lines=table_rows(frame, "order_lines", *lines),
        clickstream=table_rows(frame, "clickstream", *events),
    )


def performances(frame, lines=(), events=()):
    return built_rows(performance(frame, lines, events), "month_start", "product_id")


def test_product_performance_has_the_columns_and_types_of_its_contract(frame):
    assert types_of(performance(frame, [line()], [event()])) == contract_types("product_performance")


def test_nothing_sold_and_nothing_viewed_is_no_row(frame):
    assert performances(frame, [], [event("page_view", product=None), event("purchase")]) == []


def test_sales_and_visitors_of_a_product_meet_in_one_row(frame):
    events = [
        *(event(), event(at="2026-02-11T12:00:00+00:00"), event(visitor="VIS-2")),
        *(event("add_to_cart"), event("page_view", visitor="VIS-3"), event(product=None, visitor="VIS-4")),
    ]

    [row] = performances(frame, MIXED, events)

    assert (str(row["month_start"]), row["product_id"]) == ("2026-02-01", "PRD-00042")
    counts = ("units", "returned_units", "orders", "customers", "unconverted_lines", "uncosted_lines")
    assert [row[name] for name in counts] == [6, 1, 3, 2, 1, 1]
    assert [row[name] for name in EUROS if name in row] == [18, 15, 5, 6, 4]
    assert (row["viewers"], row["cart_visitors"], row["revenue_rank"]) == (2, 1, 1)
    assert row["return_rate"] == Decimal("0.1667")


def test_products_only_sold_or_only_viewed_have_zeros_for_the_rest(frame):
    sold, viewed = performances(frame, [line()], [event(product="PRD-00099")])

    assert (sold["product_id"], sold["units"], sold["viewers"], sold["return_rate"]) == ("PRD-00042", 1, 0, 0)
    assert (viewed["product_id"], viewed["units"], viewed["net_reporting"]) == ("PRD-00099", 0, 0)
    assert (viewed["viewers"], viewed["return_rate"], viewed["revenue_rank"]) == (1, None, 2)


def test_months_are_of_utc_and_ranked_apart(frame):
    late = event(at="2026-03-01T00:30:00+01:00")
    lines = [line(), line(order_date=date(2026, 3, 1), product_id="PRD-00007")]

    rows = performances(frame, lines, [late])

    assert [(str(row["month_start"]), row["viewers"], row["revenue_rank"]) for row in rows] == [
        *(("2026-02-01", 1, 1), ("2026-03-01", 0, 1)),
    ]


def test_equal_revenues_are_ranked_by_product_whatever_the_order_of_rows(frame):
    lines = [line(product_id=f"PRD-0000{n}", order_id=f"o{n}") for n in (3, 1, 2)]
    lines.append(line(product_id="PRD-00009", order_id="o9", net_reporting=Decimal("5.01")))

    ranks = [
        {row["product_id"]: row["revenue_rank"] for row in performances(frame, order)} for order in (lines, lines[::-1])
    ]

    assert ranks[0] == ranks[1] == {"PRD-00009": 1, "PRD-00001": 2, "PRD-00002": 3, "PRD-00003": 4}
