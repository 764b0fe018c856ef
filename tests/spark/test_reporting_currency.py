"""Order lines in a reporting currency other than euros, and the arithmetic of it, against Python's decimal."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.engine import using
from glue_jobs.transforms.money import cents, cross_rate, exchanged, rate_units
from glue_jobs.transforms.orders import order_lines
from tests.spark.built import built_rows, contract_types, table_rows, types_of
from tests.spark.order_lines import IN_THE_TABLE
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

CENT, RATE = Decimal("0.01"), Decimal("0.00000001")
DAY = date(2026, 2, 27)
NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LARGEST_RATE = "3999999.99999999"
PRECEDENCE = ("transactions", "shop_order_lines")
IN_DOLLARS, IN_POUNDS = (partial(order_lines, precedence=PRECEDENCE, currency=currency) for currency in ("USD", "GBP"))


def exact(amount, rate, reporting_rate, unit=CENT):
    """amount / rate * reporting_rate by Python's decimal arithmetic, rounded once."""
    with localcontext() as context:
        context.prec = 80
        return (Decimal(amount) * Decimal(reporting_rate) / Decimal(rate)).quantize(unit, rounding=ROUND_HALF_UP)


def computed(frame, triples):
    """What the engine makes of (amount, rate, reporting rate): [(amount in the reporting currency, cross rate)]."""
    rows = [(n, *(Decimal(value) for value in triple)) for n, triple in enumerate(triples)]
    numbers = frame(rows, "n int, a decimal(18,2), r decimal(18,8), s decimal(18,8)")
    return [(row["amount"], row["rate"]) for row in built_rows(transformed(both, numbers=numbers), "n")]


def both(numbers):
    units = numbers.select("n", cents("a").alias("a"), rate_units("r").alias("r"), rate_units("s").alias("s"))
    return units.select("n", exchanged("a", "r", "s").alias("amount"), cross_rate("r", "s").alias("rate"))


def expected(triples):
    return [(exact(*triple), exact(triple[1], triple[2], 1, RATE)) for triple in triples]


EXTREMES = [
    ("9999999999999999.99", "1", "1"),  # the largest amount
    ("2499999999999.99", LARGEST_RATE, LARGEST_RATE),
    ("9999999999999999.99", LARGEST_RATE, "3999999.99999998"),
    ("0.01", "1", "0.5"),  # half a cent goes up
    ("0.01", "1", "0.49999999"),
    ("0.01", "2.00000001", "1"),
    ("0.00", "1.1", "1.2"),
    ("0.01", "0.0004", LARGEST_RATE),
    ("2500000.00", "0.0004", "100000"),
    ("9999999999999999.99", LARGEST_RATE, "0.0004"),
    ("10.05", "3", "1.5"),  # 5.025
    ("4503599627370496.01", "1.00000001", "0.99999999"),  # beyond what a double holds
]


def test_extreme_amounts_and_rates_are_exact(frame):
    assert computed(frame, EXTREMES) == expected(EXTREMES)


def test_a_thousand_random_amounts_are_exact(frame):
    chance = random.Random(11)
    triples = [
        (
            f"{Decimal(chance.randrange(10 ** chance.randrange(1, 12))) / 100:.2f}",
            f"{chance.uniform(0.05, 20):.8f}",
            f"{chance.choice((1.0856, 160.25, 0.0625, chance.uniform(0.05, 20)))}"[:10],
        )
        for _ in range(1000)
    ]

    assert computed(frame, triples) == expected(triples)


amounts = st.integers(0, 9 * 10**14).map(lambda units: f"{Decimal(units) / 100:.2f}")
rates = st.integers(10**4, 4 * 10**14 - 1).map(lambda units: f"{Decimal(units) / 10**8:.8f}")
fitting = st.tuples(amounts, rates, rates).filter(
    lambda one: exact(*one) < 10**16 and Decimal(one[1]) / Decimal(one[2]) < 10**10 - 1
)


@settings(max_examples=settings.default.max_examples // 2)
@given(triples=st.lists(fitting, min_size=1, max_size=50))
def test_any_amount_and_rates_are_as_python_would(duckdb_engine, triples):
    assert computed(duckdb_engine, triples) == expected(triples)


@pytest.fixture
def duckdb_engine(duckdb_frames):
    with using("duckdb"):
        yield duckdb_frames


def sold(order_id, currency, **changes):
    """Two of PRD-00042 for 20.03 each, 5.05 off, 6.65 of tax."""
    usual = {"order_id": order_id, "currency": currency, "unit_price": Decimal("20.03"), "ordered_at": NOON}
    return IN_THE_TABLE | usual | {"discount_amount": Decimal("5.05"), "tax_amount": Decimal("6.65")} | changes


def rate(day, currency, value):
    return {"rate_date": day, "currency": currency, "rate": Decimal(value)}


def built(frame, transform, transactions, fx_rates, unit_cost="7.31"):
    products = [{"product_id": "PRD-00042", "unit_cost": Decimal(unit_cost), "updated_at": LONG_AGO}]
    return transformed(
        transform,
        transactions=table_rows(frame, "transactions", *transactions),
        shop_order_lines=table_rows(frame, "shop_order_lines"),
        fx_rates=table_rows(frame, "fx_rates", *fx_rates),
        products=table_rows(frame, "products", *products),
    )


BEFORE, OLD = DAY - timedelta(days=1), DAY - timedelta(days=3)
LINES = [
    sold("euros", "EUR"),
    sold("dollars", "USD"),
    sold("kronor", "SEK"),
    sold("zloty", "PLN"),
    sold("pounds", "GBP"),
    sold("old euros", "EUR", ordered_at=NOON - timedelta(days=2)),
    sold("old dollars", "USD", ordered_at=NOON - timedelta(days=2)),
    sold("old kronor", "SEK", ordered_at=NOON - timedelta(days=2)),
]
RATES = [
    *(rate(BEFORE, "USD", "1.0856"), rate(DAY + timedelta(days=1), "USD", "9")),
    *(rate(OLD, "SEK", "11.3333"), rate(DAY, "PLN", "4.3021"), rate(DAY + timedelta(days=1), "GBP", "0.86")),
]
MADE = ("gross_reporting", "discount_reporting", "tax_reporting")


def lines_in_dollars(frame):
    return {row["order_id"]: row for row in built_rows(built(frame, IN_DOLLARS, LINES, RATES), "order_id")}


@pytest.mark.parametrize(
    ("order_id", "own", "day"),
    [
        pytest.param("euros", "1", BEFORE, id="euros have the day of the dollar's rate"),
        pytest.param("kronor", "11.3333", OLD, id="the older of two days is the krona's"),
        pytest.param("zloty", "4.3021", BEFORE, id="and here the dollar's"),
    ],
)
def test_amounts_are_divided_by_one_rate_and_multiplied_by_the_other(once, order_id, own, day):
    row = once(lines_in_dollars)[order_id]

    assert [row[name] for name in MADE] == [exact(amount, own, "1.0856") for amount in ("40.06", "5.05", "6.65")]
    assert row["net_reporting"] == row["gross_reporting"] - row["discount_reporting"]
    assert (row["fx_rate_date"], row["fx_rate"]) == (day, exact(own, "1.0856", 1, RATE))


@pytest.mark.parametrize("order_id", ["dollars", "old dollars"])
def test_amounts_in_the_reporting_currency_need_no_rate_and_stay_as_they_are(once, order_id):
    row = once(lines_in_dollars)[order_id]

    assert [row[name] for name in (*MADE, "net_reporting")] == [Decimal(n) for n in ("40.06", "5.05", "6.65", "35.01")]
    assert (row["fx_rate_date"], row["fx_rate"]) == (row["order_date"], 1)


@pytest.mark.parametrize("order_id", ["euros", "dollars", "kronor", "pounds"])
def test_the_cost_is_converted_from_euros_whatever_the_order_was_paid_in(once, order_id):
    row = once(lines_in_dollars)[order_id]

    assert (row["unit_cost"], row["cost_reporting"]) == (Decimal("7.31"), exact("14.62", 1, "1.0856"))
    margin = None if row["net_reporting"] is None else row["net_reporting"] - row["cost_reporting"]
    assert row["margin_reporting"] == margin


@pytest.mark.parametrize(
    ("order_id", "missing"),
    [
        pytest.param("pounds", {"fx_rate", "fx_rate_date", *MADE, "net_reporting"}, id="of the line's currency"),
        pytest.param(
            "old euros",
            {"fx_rate", "fx_rate_date", *MADE, "net_reporting", "cost_reporting"},
            id="of the reporting currency",
        ),
        pytest.param(
            "old kronor",
            {"fx_rate", "fx_rate_date", *MADE, "net_reporting", "cost_reporting"},
            id="of the reporting currency alone",
        ),
        pytest.param("old dollars", {"cost_reporting"}, id="of the reporting currency, in which the order was paid"),
    ],
)
def test_before_the_first_rate_what_needs_it_is_missing(once, order_id, missing):
    row = once(lines_in_dollars)[order_id]

    assert {name for name, value in row.items() if value is None} == missing | {"margin_reporting"}


def test_lines_in_dollars_have_the_columns_and_types_of_the_contract(frame):
    assert types_of(built(frame, IN_DOLLARS, LINES[:1], RATES)) == contract_types("order_lines")


def test_a_reporting_currency_without_any_rate_converts_its_own_amounts_alone(duckdb_engine):
    rows = built_rows(built(duckdb_engine, IN_POUNDS, LINES, RATES[:3]), "order_id")

    assert {row["order_id"]: row["gross_reporting"] for row in rows if row["gross_reporting"] is not None} == {
        "pounds": Decimal("40.06")
    }
    assert {row["cost_reporting"] for row in rows} == {None}


def test_a_day_alone_gives_what_all_days_give(duckdb_engine):
    everything = built_rows(built(duckdb_engine, IN_DOLLARS, LINES, RATES), "order_id")

    of_the_day = built_rows(
        built(
            duckdb_engine,
            IN_DOLLARS,
            [line for line in LINES if line["ordered_at"] == NOON],
            [one for one in RATES if one["rate_date"] <= DAY],
        ),
        "order_id",
    )

    assert of_the_day == [row for row in everything if row["order_date"] == DAY]
