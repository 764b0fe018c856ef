"""The marts of sales: the same cases on Spark and on DuckDB."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from glue_jobs.transforms import sales
from tests.spark.built import built_rows, contract_types, table_rows, types_of
from tests.spark.converted_lines import DAY, EUROS, MIXED, UNCONVERTED, line
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

MEASURES = ("orders", "order_lines", "units", "customers", "cancelled_lines", "unconverted_lines", "uncosted_lines")


def mart(frame, name, *lines):
    return transformed(getattr(sales, name), order_lines=table_rows(frame, "order_lines", *lines))


def rows_of(frame, name, *lines):
    keys = {"sales_daily": ("order_date",), "sales_weekly": ("week_start",), "sales_monthly": ("month_start",)}[name]
    place = ("channel", "country_code", *(("currency",) if name == "sales_daily" else ()))
    return built_rows(mart(frame, name, *lines), *keys, *place)


every_mart = pytest.mark.parametrize("name", ["sales_daily", "sales_weekly", "sales_monthly"])


@every_mart
def test_a_mart_has_the_columns_and_types_of_its_contract(frame, name):
    assert types_of(mart(frame, name, line())) == contract_types(name)


@every_mart
def test_no_lines_make_no_rows(frame, name):
    assert rows_of(frame, name) == []


@every_mart
def test_a_group_is_counted_exactly_and_summed_without_its_cancelled_lines(frame, name):
    [row] = rows_of(frame, name, *MIXED)

    assert [row[measure] for measure in MEASURES] == [3, 4, 6, 2, 2, 1, 1]
    # Three lines are converted; one of them is returned, and of another the cost is not known.
    assert [row[measure] for measure in EUROS] == [18, 3, 15, Decimal("2.85"), 5, 6, 4]


@every_mart
def test_a_group_of_only_cancelled_lines_has_zeros(frame, name):
    [row] = rows_of(frame, name, line(order_status="cancelled"))

    assert [row[measure] for measure in (*MEASURES, *EUROS)] == [0, 0, 0, 0, 1, *[0] * 9]


@every_mart
def test_orders_and_customers_in_several_lines_are_counted_once(frame, name):
    lines = [line(order_id=f"o{n % 3}", line_number=n, customer_id=f"CUS-{n % 2}") for n in range(12)]

    [row] = rows_of(frame, name, *lines)

    assert (row["orders"], row["customers"], row["order_lines"]) == (3, 2, 12)


def test_a_day_keeps_its_amounts_in_the_currency_of_the_orders(frame):
    [row] = rows_of(frame, "sales_daily", *MIXED)

    # The unconverted line is among these.
    money = ("gross_revenue", "discounts", "taxes", "net_revenue", "returned_revenue")
    assert [row[name] for name in money] == [48, 8, Decimal("7.60"), 40, 10]
    assert (row["order_date"], row["refunded_lines"]) == (DAY, 1)


def test_currencies_countries_channels_and_days_are_never_added_up(frame):
    others = [
        line(currency="EUR"),
        line(country_code="SE"),
        line(channel="store"),
        line(order_date=DAY + timedelta(days=1)),
    ]

    rows = rows_of(frame, "sales_daily", line(), *others)

    assert [row["orders"] for row in rows] == [1] * 5


@pytest.mark.parametrize("name", ["sales_weekly", "sales_monthly"])
def test_currencies_are_added_up_in_euros(frame, name):
    rows = rows_of(frame, name, line(), line(order_id="o2", currency="SEK"), line(order_id="o3", country_code="SE"))

    assert [(row["country_code"], row["orders"], row["net_reporting"]) for row in rows] == [("SE", 1, 5), ("US", 2, 10)]


WEEKS = [
    pytest.param("2026-02-23", "2026-02-23", 2026, 9, id="a Monday"),
    pytest.param("2026-03-01", "2026-02-23", 2026, 9, id="the Sunday after"),
    pytest.param("2024-12-30", "2024-12-30", 2025, 1, id="in December, of the next year"),
    pytest.param("2027-01-01", "2026-12-28", 2026, 53, id="in January, of the year before"),
    pytest.param("2016-02-29", "2016-02-29", 2016, 9, id="a leap day"),
]


def weeks_by_day(frame):
    """Each day is ordered on by a channel of its own."""
    lines = [line(order_date=date.fromisoformat(case.values[0]), channel=case.values[0]) for case in WEEKS]
    return {row["channel"]: row for row in rows_of(frame, "sales_weekly", *lines)}


@pytest.mark.parametrize(("day", "monday", "iso_year", "iso_week"), WEEKS)
def test_weeks_are_iso_weeks(once, day, monday, iso_year, iso_week):
    row = once(weeks_by_day)[day]

    assert (str(row["week_start"]), row["iso_year"], row["iso_week"]) == (monday, iso_year, iso_week)


def test_a_month_holds_its_first_and_last_day(frame):
    days = ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")

    rows = rows_of(frame, "sales_monthly", *(line(order_date=date.fromisoformat(day), order_id=day) for day in days))

    assert [(str(row["month_start"]), row["orders"]) for row in rows] == [
        *(("2026-01-01", 1), ("2026-02-01", 2), ("2026-03-01", 1)),
    ]


AVERAGES = [
    pytest.param("10.00", 3, "3.33", id="down"),
    pytest.param("20.00", 3, "6.67", id="up"),
    pytest.param("0.01", 2, "0.01", id="a tie goes up"),
    pytest.param("1000000000000.05", 2, "500000000000.03", id="a tie no double can hold"),
    pytest.param("0.00", 1, "0.00", id="free"),
]


def lines_of_averages():
    """Orders whose net amounts add up to that of the case: each case is a channel of its own, named after it."""
    for case in AVERAGES:
        net, orders, _ = case.values
        yield line(channel=case.id, net_reporting=Decimal(net))
        yield from (line(channel=case.id, order_id=f"o{n}", net_reporting=Decimal(0)) for n in range(2, orders + 1))


@pytest.mark.parametrize("name", ["sales_weekly", "sales_monthly"])
def test_the_average_order_value_is_rounded_half_up(frame, name):
    rows = rows_of(frame, name, *lines_of_averages())

    assert {row["channel"]: row["average_order_value"] for row in rows} == {
        case.id: Decimal(case.values[2]) for case in AVERAGES
    }


@pytest.mark.parametrize("name", ["sales_weekly", "sales_monthly"])
def test_orders_without_a_rate_are_not_averaged(frame, name):
    [row] = rows_of(frame, name, line(), line(order_id="o2", **UNCONVERTED))
    [without] = rows_of(frame, name, line(**UNCONVERTED))

    assert (row["orders"], row["converted_orders"], row["average_order_value"]) == (2, 1, 5)
    assert (without["converted_orders"], without["average_order_value"]) == (0, None)
