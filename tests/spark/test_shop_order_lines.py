"""Orders of shops in one form: the same cases on Spark and on DuckDB."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.engine import using
from glue_jobs.table_refresh.building import transform_of
from glue_jobs.transforms.customers import customer_months
from glue_jobs.transforms.feeds.orders import STATUSES
from glue_jobs.transforms.feeds.sharing import with_shares
from glue_jobs.transforms.sales import sales_daily
from tests.spark.built import built_rows, contract_types, table_rows, types_of
from tests.spark.order_lines import IN_THE_TABLE
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AMOUNTS = ("gross_amount", "discount_amount", "tax_amount")
KNOWN_STATUSES = {word: status for status, words in STATUSES.items() for word in words}


SHOP_LINES = transform_of(contracts.load("shop_order_lines").table)
ORDER_LINES = transform_of(contracts.load("order_lines").table)


def money(*texts):
    return tuple(map(Decimal, texts))


def snowflake(order_id="S1", line_number=1, **changes):
    """Three socks for 19.9950 each, two euros off."""
    usual = {
        "order_id": order_id, "line_number": line_number, "ordered_at": NOON, "order_status": "Shipped",
        "customer_reference": "C-4711", "sku": "SOCK", "quantity": 3, "unit_price": Decimal("19.9950"),
        "discount_amount": Decimal("2.00"), "currency": "EUR",
    }  # fmt: skip
    return usual | changes


def shopify(order_id="5001", line_number=1, **changes):
    """Two mugs for ten dollars each, of an order of nothing else: nothing off, 1.60 of taxes on top."""
    usual = {
        "order_id": order_id, "line_number": line_number, "order_name": "#1", "created_at": NOON, "currency": "USD",
        "financial_status": "paid", "order_subtotal": Decimal("20.00"), "order_shipping": Decimal("5.00"),
        "order_taxes": Decimal("1.60"), "order_total": Decimal("26.60"), "order_discount": Decimal("0.00"),
        "sku": "MUG", "quantity": 2, "unit_price": Decimal("10.00"), "line_discount": Decimal("0.00"),
        "payment_method": "Shopify Payments",
    }  # fmt: skip
    return usual | changes


def woocommerce(order_id="2117", item_number=1, **changes):
    """Two towels for 20.00, two euros off, of an order with 3.42 of taxes."""
    usual = {
        "order_id": order_id, "item_number": item_number, "created_at": NOON, "currency": "EUR", "status": "completed",
        "order_taxes": Decimal("3.42"), "order_total": Decimal("21.42"), "sku": None, "product_id": "88",
        "quantity": 2, "item_subtotal": Decimal("20.00"), "item_total": Decimal("18.00"), "payment_method": "stripe",
    }  # fmt: skip
    return usual | changes


def shop_frame(frame, snowflake_orders=(), shopify_orders=(), woocommerce_orders=()):
    return transformed(
        SHOP_LINES,
        snowflake_orders=table_rows(frame, "snowflake_orders", *snowflake_orders),
        shopify_orders=table_rows(frame, "shopify_orders", *shopify_orders),
        woocommerce_orders=table_rows(frame, "woocommerce_orders", *woocommerce_orders),
    )


def shop_lines(frame, *args, **tables):
    return built_rows(shop_frame(frame, *args, **tables), "order_id", "order_date", "line_number")


def amounts(rows):
    return [tuple(row[name] for name in AMOUNTS) for row in rows]


def test_lines_have_the_columns_and_types_of_the_contract(frame):
    assert types_of(shop_frame(frame, [snowflake()])) == contract_types("shop_order_lines")


def test_no_orders_make_no_lines(frame):
    assert shop_lines(frame) == []


def test_a_line_of_each_system_says_what_its_system_tells(frame):
    of_shopify, of_snowflake, woo = shop_lines(frame, [snowflake()], [shopify()], [woocommerce()])

    told = ("order_id", "customer_id", "product_id", "order_status", "channel", "payment_method", "currency")
    assert [woo[name] for name in told] == [
        "woocommerce-2117", "CUS-UNKNOWN", "88", "delivered", "woocommerce", "stripe", "EUR",
    ]  # fmt: skip
    assert [of_shopify[name] for name in told] == [
        "5001", "CUS-UNKNOWN", "MUG", "paid", "shopify", "Shopify Payments", "USD",
    ]  # fmt: skip
    assert [of_snowflake[name] for name in told] == [
        "S1",
        "C-4711",
        "SOCK",
        "shipped",
        "snowflake",
        "unknown",
        "EUR",
    ]
    assert amounts([woo, of_shopify, of_snowflake]) == [
        money("20.00", "2.00", "3.42"),
        money("20.00", "0.00", "1.60"),
        money("59.99", "2.00", "0.00"),
    ]
    assert {row["order_date"] for row in (woo, of_shopify, of_snowflake)} == {NOON.date()}


def test_discount_and_taxes_of_a_shopify_order_are_spread_over_its_lines_to_the_cent(frame):
    order = {"order_subtotal": Decimal("26.66"), "order_taxes": Decimal("1.00"), "order_total": Decimal("32.66")}

    rows = shop_lines(frame, shopify_orders=[shopify(line_number=number, quantity=1, **order) for number in (1, 2, 3)])

    assert amounts(rows) == [
        money("10.00", "1.11", "0.33"),
        money("10.00", "1.12", "0.34"),
        money("10.00", "1.11", "0.33"),
    ]


def test_a_discount_of_a_shopify_line_stays_with_it(frame):
    order = {"order_subtotal": Decimal("17.00"), "order_taxes": None, "order_total": Decimal("22.00"), "quantity": 1}
    reduced = shopify(line_number=2, line_discount=Decimal("3.00"), **order)

    assert amounts(shop_lines(frame, shopify_orders=[shopify(**order), reduced])) == [
        money("10.00", "0.00", "0.00"),
        money("10.00", "3.00", "0.00"),
    ]


def test_taxes_that_shopify_has_in_the_prices_are_taken_out_of_them(frame):
    rows = shop_lines(frame, shopify_orders=[shopify(order_taxes=Decimal("3.19"), order_total=Decimal("25.00"))])

    assert amounts(rows) == [money("16.81", "0.00", "3.19")]


def test_without_a_subtotal_the_discount_is_that_of_the_order(frame):
    rows = shop_lines(frame, shopify_orders=[shopify(order_subtotal=None, order_discount=Decimal("4.00"))])

    assert amounts(rows) == [money("20.00", "4.00", "1.60")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(shopify(order_subtotal=Decimal("-5.00")), money("20.00", "20.00", "1.60"), id="below zero"),
        pytest.param(shopify(order_subtotal=Decimal("90.00")), money("18.40", "0.00", "1.60"), id="subtotal too large"),
        pytest.param(shopify(line_discount=Decimal("99.00")), money("20.00", "20.00", "1.60"), id="discount too large"),
        pytest.param(
            shopify(order_taxes=Decimal("70.00"), order_total=Decimal("25.00")),
            money("0.00", "0.00", "20.00"),
            id="more taxes than price",
        ),
        pytest.param(shopify(quantity=100_000, unit_price=Decimal("9999999999.99"), order_subtotal=None),
                     money("999999999999000.00", "0.00", "1.60"), id="the largest line"),
    ],
)  # fmt: skip
def test_amounts_that_cannot_be_make_a_line_that_keeps_the_rules(frame, line, expected):
    assert amounts(shop_lines(frame, shopify_orders=[line])) == [expected]


def test_items_of_woocommerce_that_cost_more_than_before_have_no_discount(frame):
    dearer = woocommerce(item_total=Decimal("21.00"), order_taxes=None)
    without = woocommerce(item_number=2, item_total=None, item_subtotal=None, order_taxes=None)

    assert amounts(shop_lines(frame, woocommerce_orders=[dearer, without])) == [
        money("21.00", "0.00", "0.00"),
        money("0.00", "0.00", "0.00"),
    ]


def test_a_discount_of_snowflake_that_is_too_large_makes_the_line_free(frame):
    assert amounts(shop_lines(frame, [snowflake(discount_amount=Decimal("70.00"))])) == [
        money("59.99", "59.99", "0.00")
    ]


def test_lines_without_units_are_left_out(frame):
    assert shop_lines(frame, shopify_orders=[shopify(quantity=0)]) == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"cancelled_at": NOON}, "cancelled"),
        ({"financial_status": "voided", "fulfillment_status": "fulfilled"}, "cancelled"),
        ({"financial_status": "refunded", "fulfillment_status": "fulfilled"}, "refunded"),
        ({"financial_status": "partially_refunded", "fulfillment_status": "fulfilled"}, "shipped"),
        ({"financial_status": "pending"}, "placed"),
        ({"financial_status": None}, "placed"),
    ],
)
def test_where_a_shopify_order_stands(duckdb_engine, changes, status):
    [row] = shop_lines(duckdb_engine, shopify_orders=[shopify(**changes)])

    assert row["order_status"] == status


def test_words_of_shops_are_read_whatever_their_case_and_blanks(frame):
    words = [*KNOWN_STATUSES, "on-hold", "checkout-draft"]
    rows = shop_lines(frame, [snowflake(f"S{n:02}", order_status=f" {word.title()} ") for n, word in enumerate(words)])

    assert [row["order_status"] for row in rows] == [KNOWN_STATUSES.get(word, "placed") for word in words]


def test_an_order_of_several_systems_is_taken_whole_from_the_first_of_the_precedence(frame):
    kept = [snowflake("5001", 1), snowflake("5001", 3, ordered_at=NOON)]
    taken = [shopify("5001", 1), shopify("5001", 2, created_at=NOON + DAY), shopify("5001", 4, created_at=NOON - DAY)]
    other = [shopify("5001", 1, created_at=NOON + 2 * DAY), shopify("5002", 1)]

    rows = shop_lines(frame, kept, taken + other)

    assert [(row["order_id"], row["order_date"], row["line_number"], row["source_table"]) for row in rows] == [
        ("5001", date(2026, 2, 27), 1, "processed.snowflake_orders"),
        ("5001", date(2026, 2, 27), 3, "processed.snowflake_orders"),
        ("5001", date(2026, 3, 1), 1, "processed.shopify_orders"),
        ("5002", date(2026, 2, 27), 1, "processed.shopify_orders"),
    ]


def in_marts(frame, transactions, lines):
    return transformed(
        ORDER_LINES,
        transactions=table_rows(frame, "transactions", *transactions),
        shop_order_lines=table_rows(frame, "shop_order_lines", *lines),
        fx_rates=table_rows(frame, "fx_rates"),
        products=table_rows(frame, "products"),
    )


def test_orders_of_shops_are_sold_beside_those_of_the_checkout_which_come_first(frame):
    both = {"currency": "EUR", "ordered_at": NOON}
    rows = shop_lines(frame, [snowflake(), snowflake("ORD-0000000001")])

    lines = built_rows(in_marts(frame, [IN_THE_TABLE | both | {"order_id": "ORD-0000000001"}], rows), "order_id")

    assert [(row["order_id"], row["customer_id"], row["net_reporting"]) for row in lines] == [
        ("ORD-0000000001", IN_THE_TABLE["customer_id"], lines[0]["net_amount"]),
        ("S1", "C-4711", Decimal("57.99")),
    ]


def test_customers_who_are_not_known_are_in_no_number_of_customers(frame):
    orders = [shopify(currency="EUR"), shopify("5002", currency="EUR")]
    lines = built_rows(in_marts(frame, [], shop_lines(frame, [snowflake()], orders)))

    sales = built_rows(transformed(sales_daily, order_lines=table_rows(frame, "order_lines", *lines)), "channel")

    assert [(row["channel"], row["orders"], row["customers"]) for row in sales] == [
        ("shopify", 2, 0),
        ("snowflake", 1, 1),
    ]
    of_orders = {"order_date": NOON.date(), "ordered_at": NOON, "order_status": "paid", "units": 1}
    of_nobody = [{"order_id": "5001", "customer_id": "CUS-UNKNOWN", **of_orders}]
    of_somebody = [{"order_id": "S1", "customer_id": "C-4711", **of_orders}]
    months = transformed(customer_months, fct_orders=table_rows(frame, "fct_orders", *of_nobody, *of_somebody))
    assert [row["customer_id"] for row in built_rows(months)] == ["C-4711"]


@pytest.fixture
def duckdb_engine(duckdb_frames):
    with using("duckdb"):
        yield duckdb_frames


@settings(max_examples=100)
@given(amount=st.integers(0, 10**12), weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_shares_add_up_and_are_off_by_less_than_two_cents(duckdb_engine, amount, weights):
    rows = [("1", NOON.date(), number, amount, weight) for number, weight in enumerate(weights)]
    lines = duckdb_engine(rows, "order_id string, order_date date, line_number int, amount bigint, weight bigint")

    shares = [
        row["share"]
        for row in built_rows(transformed(shared, lines=lines).select("line_number", "share"), "line_number")
    ]

    assert sum(shares) == amount
    parts = weights if any(weights) else [1] * len(weights)
    for share, part in zip(shares, parts, strict=True):
        exact = Decimal(amount) * part / sum(parts)
        assert share >= 0
        assert abs(share - exact.to_integral_value(ROUND_FLOOR)) <= 2


def shared(lines):
    return with_shares(lines, "amount", "weight", "share")
