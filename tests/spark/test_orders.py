"""Order lines in euros with their cost, and orders: the same cases on Spark and on DuckDB."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.engine import F, using
from glue_jobs.transforms.money import cents, converted, quotient, rate_units
from glue_jobs.transforms.orders import fct_orders, order_lines
from tests.spark.built import built_rows, contract_types, table_rows, types_of
from tests.spark.order_lines import IN_THE_TABLE
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

IN_EUROS = partial(order_lines, precedence=("transactions", "shop_order_lines"), currency="EUR")
CENT = Decimal("0.01")
DAY = date(2026, 2, 27)
NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TIE_RATES = ["2", "0.5", "0.00000001", "1.6", "3.2", "0.08", "4000", "99999.99999999", "11.43210987"]
TIE_AMOUNTS = ["0.01", "0.03", "0.05", "10.05", "0.00", "1.00", "999999999.99", "9007199254740.93"]


def money(text):
    return Decimal(text)


def sold(**changes):
    """A line of processed.transactions: two of PRD-00042 for 20.00 each, 5.00 off, at noon of DAY, in dollars."""
    usual = {"currency": "USD", "unit_price": money("20.00"), "ordered_at": NOON}
    return IN_THE_TABLE | usual | changes


def rate(day, value, currency="USD"):
    return {"rate_date": day, "currency": currency, "rate": money(value)}


def version(updated_at, unit_cost, product_id="PRD-00042"):
    return {"product_id": product_id, "unit_cost": money(unit_cost), "updated_at": updated_at}


def lines_of(frame, transactions, fx_rates=(), products=()):
    return transformed(
        IN_EUROS,
        transactions=table_rows(frame, "transactions", *transactions),
        shop_order_lines=table_rows(frame, "shop_order_lines"),
        fx_rates=table_rows(frame, "fx_rates", *fx_rates),
        products=table_rows(frame, "products", *products),
    )


def built_lines(frame, transactions, fx_rates=(), products=()):
    return built_rows(lines_of(frame, transactions, fx_rates, products), "order_id", "line_number")


def one_line(frame, fx_rates=(), products=(), **changes):
    [row] = built_lines(frame, [sold(**changes)], fx_rates, products)
    return row


def reference(dividend, divisor, unit=CENT):
    """The quotient by Python's decimal arithmetic, with more digits than any of these numbers has."""
    with localcontext() as context:
        context.prec = 60
        return (Decimal(dividend) / Decimal(divisor)).quantize(unit, rounding=ROUND_HALF_UP)


def converted_amounts(frame, pairs):
    frames = frame(
        [(n, money(a), money(r)) for n, (a, r) in enumerate(pairs)], "n int, a decimal(18,2), r decimal(18,8)"
    )
    units = frames.select("n", cents("a").alias("a"), rate_units("r").alias("r"))
    return [row["q"] for row in built_rows(units.select("n", converted("a", "r").alias("q")), "n")]


def test_amounts_are_converted_exactly_and_ties_go_up(frame):
    pairs = [(amount, rate) for amount in TIE_AMOUNTS for rate in TIE_RATES if money(amount) / money(rate) < 10**15]

    assert converted_amounts(frame, pairs) == [reference(*pair) for pair in pairs]


def test_a_thousand_random_amounts_are_converted_exactly(frame):
    chance = random.Random(7)
    pairs = [
        (f"{Decimal(chance.randrange(10 ** chance.randrange(1, 12))) / 100:.2f}", f"{chance.uniform(0.05, 20):.8f}")
        for _ in range(1000)
    ]

    assert converted_amounts(frame, pairs) == [reference(*pair) for pair in pairs]


amounts = st.integers(0, 9 * 10**12).map(lambda units: f"{Decimal(units) / 100:.2f}")
rates = st.integers(10**4, 10**13).map(lambda units: f"{Decimal(units) / 10**8:.8f}")


@settings(max_examples=100)
@given(pairs=st.lists(st.tuples(amounts, rates), min_size=1, max_size=50))
def test_any_amount_is_converted_as_python_would(duckdb_engine, pairs):
    assert converted_amounts(duckdb_engine, pairs) == [reference(*pair) for pair in pairs]


@pytest.fixture
def duckdb_engine(duckdb_frames):
    with using("duckdb"):
        yield duckdb_frames


QUOTIENTS = {
    (1, 2): "0.01",  # a tie goes up
    (-1, 2): "-0.01",  # and below zero down
    (1, 3): "0.00",
    (-2, 3): "-0.01",
    (0, 7): "0.00",
    (5, 0): None,
    (None, 2): None,
    (4 * 10**18, 10): "4000000000000000.00",
}


def test_a_quotient_is_rounded_half_away_from_zero(frame):
    numbers = frame([(n, *pair) for n, pair in enumerate(QUOTIENTS)], "n int, u bigint, d bigint")

    rows = built_rows(numbers.select("n", quotient("u", "d", 2).alias("q")), "n")

    assert [row["q"] for row in rows] == [result and money(result) for result in QUOTIENTS.values()]


def test_order_lines_have_the_columns_and_types_of_the_contract(frame):
    assert types_of(lines_of(frame, [sold()])) == contract_types("order_lines")


def test_no_lines_make_no_lines(frame):
    assert built_lines(frame, [], [rate(DAY, "2")], []) == []


def test_a_line_is_converted_part_by_part_and_costed(frame):
    row = one_line(
        frame,
        [rate(DAY, "1.6")],
        [version(datetime(2026, 2, 1, tzinfo=UTC), "7.31")],
        unit_price=money("20.03"),
        discount_amount=money("5.05"),
        tax_amount=money("6.65"),
    )

    # 40.06 / 1.6 = 25.0375, 5.05 / 1.6 = 3.15625, and 35.01 / 1.6 would be 21.88.
    assert (row["gross_amount"], row["net_amount"], row["line_total"]) == (
        *(money("40.06"), money("35.01"), money("41.66")),
    )
    assert (row["gross_reporting"], row["discount_reporting"]) == (money("25.04"), money("3.16"))
    assert (row["net_reporting"], row["tax_reporting"]) == (money("21.88"), money("4.16"))
    assert (row["unit_cost"], row["cost_reporting"]) == (money("7.31"), money("14.62"))
    assert row["margin_reporting"] == money("7.26")
    assert (row["fx_rate_date"], row["fx_rate"]) == (DAY, money("1.6"))


def test_net_is_the_difference_of_rounded_parts(frame):
    row = one_line(frame, [rate(DAY, "2")], quantity=1, unit_price=money("0.05"), discount_amount=money("0.02"))

    # 0.05 / 2 = 0.025 becomes 0.03, less 0.01; 0.03 / 2 would be 0.015.
    assert row["net_reporting"] == row["gross_reporting"] - row["discount_reporting"] == money("0.02")


RATES = [
    pytest.param([rate(DAY, "2")], (DAY, 2), id="of the day"),
    pytest.param([rate(date(2026, 2, 20), "2")], (date(2026, 2, 20), 2), id="of a week before"),
    pytest.param(
        [rate(date(2026, 2, 20), "3"), rate(date(2026, 2, 26), "2"), rate(date(2026, 2, 28), "4")],
        (date(2026, 2, 26), 2),
        id="the last one that is not later",
    ),
    pytest.param([rate(date(2026, 2, 28), "2")], (None, None), id="none yet"),
    pytest.param([rate(DAY, "2", currency="SEK")], (None, None), id="only of another currency"),
    pytest.param([], (None, None), id="none at all"),
]


def rates_by_case(frame):
    """{number: (fx_rate_date, fx_rate)}: the order of a case is in a currency of its own, which stands for dollars."""
    orders = [sold(order_id=str(number), currency=f"U{number}") for number, _ in enumerate(RATES)]
    fx_rates = [
        row | {"currency": f"{row['currency'][0]}{number}"}
        for number, case in enumerate(RATES)
        for row in case.values[0]
    ]
    return {int(row["order_id"]): (row["fx_rate_date"], row["fx_rate"]) for row in built_lines(frame, orders, fx_rates)}


@pytest.mark.parametrize(("case", "found"), [pytest.param(n, c.values[1], id=c.id) for n, c in enumerate(RATES)])
def test_the_rate_is_the_last_known_on_or_before_the_day(once, case, found):
    assert once(rates_by_case)[case] == found


def test_without_a_rate_all_that_is_converted_is_missing_and_the_rest_is_there(frame):
    row = one_line(frame, [], [version(datetime(2026, 2, 1, tzinfo=UTC), "7.00")])

    missing = {name for name, value in row.items() if value is None}
    assert missing == {
        *("fx_rate_date", "fx_rate", "gross_reporting", "discount_reporting", "net_reporting", "tax_reporting"),
        "margin_reporting",
    }
    assert row["cost_reporting"] == money("14.00")


def test_euros_need_no_rate(frame):
    row = one_line(frame, [rate(DAY, "2", currency="EUR")], currency="EUR")

    assert (row["fx_rate_date"], row["fx_rate"]) == (DAY, 1)
    assert (row["gross_reporting"], row["net_reporting"]) == (money("40.00"), money("35.00"))


def test_every_line_has_its_own_rate_and_no_line_is_lost_or_doubled(frame):
    days = [DAY - timedelta(days=n) for n in range(4)]
    transactions = [
        sold(order_id=f"{currency}-{n}", line_number=line, currency=currency, ordered_at=NOON - timedelta(days=n))
        for currency in ("EUR", "USD", "SEK", "GBP")
        for n in range(4)
        for line in (1, 2)
    ]
    fx_rates = [
        *(rate(days[1], "2"), rate(days[3], "4")),
        *(rate(day, "10", currency="SEK") for day in (days[0], days[1], days[2])),
    ]

    rows = built_lines(frame, transactions, fx_rates)

    found = {(row["order_id"], row["line_number"]): row["fx_rate"] for row in rows}
    assert len(rows) == len(found) == len(transactions)
    assert [found[f"USD-{n}", 1] for n in range(4)] == [2, 2, 4, 4]
    assert [found[f"SEK-{n}", 2] for n in range(4)] == [10, 10, 10, None]
    assert [found[f"GBP-{n}", 1] for n in range(4)] == [None] * 4
    assert [found[f"EUR-{n}", 1] for n in range(4)] == [1] * 4


COSTS = [
    pytest.param([version(NOON, "7.00")], 7, id="made at that moment"),
    pytest.param([version(NOON + SECOND, "7.00")], None, id="made a second later"),
    pytest.param(
        [version(NOON + SECOND, "9.00"), version(NOON - SECOND, "7.00"), version(NOON - 9 * SECOND, "5.00")],
        7,
        id="the last one before",
    ),
    pytest.param([version(NOON, "7.00", product_id="PRD-00001")], None, id="another product"),
    pytest.param([], None, id="no product at all"),
]


def lines_by_case(frame):
    """{number: line}: the product of a case is one of its own, and so is the other one."""
    orders = [sold(order_id=str(number), product_id=f"PRD-0004{number}") for number, _ in enumerate(COSTS)]
    products = [
        row | {"product_id": f"{row['product_id'][:-1]}{number}"}
        for number, case in enumerate(COSTS)
        for row in case.values[0]
    ]
    return {int(row["order_id"]): row for row in built_lines(frame, orders, [rate(DAY, "2")], products)}


@pytest.mark.parametrize(("case", "cost"), [pytest.param(n, c.values[1], id=c.id) for n, c in enumerate(COSTS)])
def test_the_cost_is_that_of_the_product_version_in_force(once, case, cost):
    row = once(lines_by_case)[case]

    assert row["unit_cost"] == cost
    assert (row["margin_reporting"] is None) == (cost is None)


def test_a_day_alone_gives_what_all_days_give(frame):
    transactions = [sold(order_id=f"o{n}", ordered_at=NOON - timedelta(days=n)) for n in range(3)]
    fx_rates = [rate(DAY - timedelta(days=n), str(n + 2)) for n in (-1, 0, 2)]
    products = [version(NOON - timedelta(days=n, hours=1), f"{n + 5}.00") for n in (-1, 0, 2)]
    everything = built_lines(frame, transactions, fx_rates, products)

    of_the_day = built_lines(
        frame,
        [row for row in transactions if row["ordered_at"].date() == DAY],
        [row for row in fx_rates if row["rate_date"] <= DAY],
        [row for row in products if row["updated_at"].date() <= DAY],
    )

    assert of_the_day == [row for row in everything if row["order_date"] == DAY]


SOLD = [
    pytest.param("delivered", True, False, id="delivered"),
    pytest.param("cancelled", False, False, id="cancelled"),
    pytest.param("refunded", True, True, id="refunded"),
]


def lines_by_status(frame):
    lines = [sold(order_id=case.values[0], order_status=case.values[0]) for case in SOLD]
    return {row["order_status"]: row for row in built_lines(frame, lines)}


@pytest.mark.parametrize(("status", "is_sold", "is_returned"), SOLD)
def test_a_line_says_whether_it_was_sold_and_returned(once, status, is_sold, is_returned):
    row = once(lines_by_status)[status]

    assert (row["is_sold"], row["is_returned"]) == (is_sold, is_returned)


def test_days_are_utc(frame):
    east = datetime.fromisoformat("2026-02-28T00:30:00+01:00")

    assert one_line(frame, ordered_at=east)["order_date"] == DAY


def order_line(**changes):
    """A line of processed.order_lines as order_lines makes it: delivered, one unit for 10 dollars at a rate of 2."""
    amounts = {
        *(("gross_amount", "12.00"), ("discount_amount", "2.00"), ("net_amount", "10.00"), ("tax_amount", "1.90")),
        *(("line_total", "11.90"), ("gross_reporting", "6.00"), ("discount_reporting", "1.00")),
        *(("net_reporting", "5.00"), ("tax_reporting", "0.95"), ("cost_reporting", "3.00")),
    }
    usual = {
        "order_date": DAY,
        "order_id": "o1",
        "line_number": 1,
        "ordered_at": NOON,
        "customer_id": "CUS-0000001",
        "product_id": "PRD-00042",
        "order_status": "delivered",
        "channel": "web",
        "payment_method": "card",
        "country_code": "US",
        "currency": "USD",
        "quantity": 1,
    }
    row = usual | {name: money(value) for name, value in amounts} | changes
    status = row["order_status"]
    return {"is_sold": status != "cancelled", "is_returned": status == "refunded"} | row


def orders_of(frame, *lines):
    return transformed(fct_orders, order_lines=table_rows(frame, "order_lines", *lines))


def built_orders(frame, *lines):
    return built_rows(orders_of(frame, *lines), "order_id", "order_date")


def test_orders_have_the_columns_and_types_of_the_contract(frame):
    assert types_of(orders_of(frame, order_line())) == contract_types("fct_orders")


def test_no_lines_make_no_orders(frame):
    assert built_orders(frame) == []


def test_an_order_is_summed_over_its_sold_lines(frame):
    [row] = built_orders(
        frame,
        order_line(quantity=3),
        order_line(line_number=2, order_status="refunded"),
        order_line(line_number=3, order_status="cancelled", quantity=9),
        order_line(line_number=4, net_reporting=None),
        order_line(line_number=5, cost_reporting=None),
    )

    counts = ("order_lines", "cancelled_lines", "returned_lines", "unconverted_lines", "units")
    assert [row[name] for name in counts] == [4, 1, 1, 1, 6]
    assert (row["gross_amount"], row["discount_amount"], row["net_amount"]) == (48, 8, 40)
    assert (row["tax_amount"], row["order_total"]) == (money("7.60"), money("47.60"))
    assert (row["returned_amount"], row["net_reporting"], row["returned_reporting"]) == (10, 15, 5)
    # The unconverted line and the one without a cost are left out.
    assert row["cost_reporting"] == 6


STATUSES = [
    pytest.param(["cancelled", "cancelled"], "cancelled", id="all cancelled"),
    pytest.param(["refunded", "refunded"], "returned", id="all returned"),
    pytest.param(["refunded", "cancelled"], "returned", id="all that was sold returned"),
    pytest.param(["refunded", "placed"], "partly_returned", id="one returned"),
    pytest.param(["delivered", "shipped"], "shipped", id="one still on its way"),
    pytest.param(["delivered", "paid", "shipped"], "paid", id="one not sent"),
    pytest.param(["paid", "placed"], "placed", id="one not paid"),
    pytest.param(["delivered", "cancelled"], "delivered", id="cancelled lines hold nothing up"),
]


def statuses_by_case(frame):
    """{number: status}: each case is an order of its own."""
    lines = [
        order_line(order_id=str(number), line_number=n, order_status=status)
        for number, case in enumerate(STATUSES)
        for n, status in enumerate(case.values[0], 1)
    ]
    rows = built_orders(frame, *lines)
    assert len(rows) == len(STATUSES)
    return {int(row["order_id"]): row["order_status"] for row in rows}


@pytest.mark.parametrize(("case", "status"), [pytest.param(n, c.values[1], id=c.id) for n, c in enumerate(STATUSES)])
def test_the_status_of_an_order_is_that_of_its_sold_lines(once, case, status):
    assert once(statuses_by_case)[case] == status


def test_where_lines_disagree_the_first_line_is_right_whatever_the_order_of_rows(frame):
    first = order_line(line_number=2, customer_id="CUS-0000009", channel="store", country_code="DE")
    second = order_line(line_number=10, ordered_at=NOON - SECOND)

    rows = [built_orders(frame, *lines) for lines in ([first, second], [second, first])]

    assert rows[0] == rows[1]
    [[row], _] = rows
    assert (row["customer_id"], row["channel"], row["country_code"]) == ("CUS-0000009", "store", "DE")
    assert row["ordered_at"] == NOON - SECOND


def test_an_order_of_nothing_but_cancelled_lines_has_zeros(frame):
    [row] = built_orders(frame, order_line(order_status="cancelled"))

    assert (row["units"], row["order_total"], row["net_reporting"], row["cost_reporting"]) == (0, 0, 0, 0)
    assert row["cancelled_lines"] == 1


def test_built_lines_can_be_summed_to_orders(frame):
    lines = lines_of(frame, [sold(), sold(line_number=2, currency="EUR")], [rate(DAY, "2")])

    [row] = built_rows(fct_orders(order_lines=lines.withColumn("_run_id", F.lit("r"))))

    assert row["net_reporting"] == money("52.50")
