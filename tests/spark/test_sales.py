"""The marts of sales and the calendar: the same cases on Spark and on DuckDB."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from glue_jobs.transforms import products, sales
from glue_jobs.transforms.calendar import dim_date
from tests.spark.built import built_rows, promised_types, table_rows, types_of
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

DAY = date(2026, 2, 27)  # a Friday
AMOUNTS = {
    "gross_amount": "12.00",
    "discount_amount": "2.00",
    "net_amount": "10.00",
    "tax_amount": "1.90",
    "line_total": "11.90",
    "gross_reporting": "6.00",
    "discount_reporting": "1.00",
    "net_reporting": "5.00",
    "tax_reporting": "0.95",
    "unit_cost": "3.00",
    "cost_reporting": "3.00",
    "margin_reporting": "2.00",
}
UNCONVERTED = dict.fromkeys(name for name in AMOUNTS if name.endswith("_reporting") and name != "cost_reporting")
UNCOSTED = dict.fromkeys(("unit_cost", "cost_reporting", "margin_reporting"))
MEASURES = ("orders", "order_lines", "units", "customers", "cancelled_lines", "unconverted_lines", "uncosted_lines")
EUROS = (
    *("gross_reporting", "discount_reporting", "net_reporting", "tax_reporting", "returned_reporting"),
    *("cost_reporting", "margin_reporting"),
)


def line(**changes):
    """A row of processed.order_lines: one unit, ten dollars net, five euros, of which two are margin."""
    usual = {
        "order_date": DAY,
        "order_id": "o1",
        "line_number": 1,
        "ordered_at": datetime(2026, 2, 27, 12, tzinfo=UTC),
        "customer_id": "CUS-0000001",
        "product_id": "PRD-00042",
        "order_status": "delivered",
        "channel": "web",
        "payment_method": "card",
        "country_code": "US",
        "currency": "USD",
        "quantity": 1,
    }
    row = usual | {name: Decimal(amount) for name, amount in AMOUNTS.items()} | changes
    status = row["order_status"]
    return {"is_sold": status != "cancelled", "is_returned": status == "refunded"} | row


MIXED = [
    line(quantity=3),
    line(line_number=2, order_status="refunded"),
    line(line_number=3, order_status="cancelled", quantity=9, customer_id="CUS-0000009"),
    line(order_id="o2", **UNCONVERTED),
    line(order_id="o3", customer_id="CUS-0000002", **UNCOSTED),
    line(order_id="o4", order_status="cancelled"),
]


def mart(frame, name, *lines):
    return transformed(getattr(sales, name), order_lines=table_rows(frame, "order_lines", *lines))


def rows_of(frame, name, *lines):
    keys = {"sales_daily": ("order_date",), "sales_weekly": ("week_start",), "sales_monthly": ("month_start",)}[name]
    place = ("channel", "country_code", *(("currency",) if name == "sales_daily" else ()))
    return built_rows(mart(frame, name, *lines), *keys, *place)


every_mart = pytest.mark.parametrize("name", ["sales_daily", "sales_weekly", "sales_monthly"])


@every_mart
def test_a_mart_has_the_columns_and_types_of_its_contract(frame, name):
    assert types_of(mart(frame, name, line())) == promised_types(name)


@every_mart
def test_no_lines_make_no_rows(frame, name):
    assert rows_of(frame, name) == []


@every_mart
def test_a_group_is_counted_exactly_and_summed_without_its_cancelled_lines(frame, name):
    [row] = rows_of(frame, name, *MIXED)

    assert [row[measure] for measure in MEASURES] == [3, 4, 6, 2, 2, 1, 1]
    # Three lines are converted; one of them is returned, and of another nobody knows the cost.
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
        products.product_performance,
        order_lines=table_rows(frame, "order_lines", *lines),
        clickstream=table_rows(frame, "clickstream", *events),
    )


def performances(frame, lines=(), events=()):
    return built_rows(performance(frame, lines, events), "month_start", "product_id")


def test_product_performance_has_the_columns_and_types_of_its_contract(frame):
    assert types_of(performance(frame, [line()], [event()])) == promised_types("product_performance")


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


def calendar(frame):
    return transformed(dim_date, spine=frame([(1,)], "one int"))


def test_the_calendar_has_the_columns_and_types_of_its_contract(frame):
    assert types_of(calendar(frame)) == promised_types("dim_date")


def test_the_calendar_is_what_python_says(frame):
    rows = built_rows(calendar(frame), "calendar_date")

    days = [date(2015, 1, 1) + timedelta(days=n) for n in range(len(rows))]
    assert [row["calendar_date"] for row in rows] == days
    assert days[-1] == date(2035, 12, 31)
    for day, row in zip(days, rows, strict=True):
        iso = ("iso_year", "iso_week", "iso_day")
        assert tuple(row[name] for name in iso) == day.isocalendar()
        assert (row["year"], row["month"], row["day_of_month"]) == (day.year, day.month, day.day)
        assert row["day_of_year"] == day.timetuple().tm_yday
        assert (row["week_start"], row["month_start"]) == (day - timedelta(days=day.weekday()), day.replace(day=1))
        assert (row["quarter"], row["is_weekend"]) == ((day.month + 2) // 3, day.weekday() > 4)
        assert row["quarter_start"] == date(day.year, row["quarter"] * 3 - 2, 1)


def test_months_and_days_have_english_names(frame):
    rows = {row["calendar_date"]: row for row in built_rows(calendar(frame))}

    names = [rows[date(2026, month, month)]["month_name"] for month in range(1, 13)]
    assert (names[0], names[1], names[8], names[11]) == ("January", "February", "September", "December")
    assert len(set(names)) == 12
    assert [rows[date(2026, 2, 22 + n)]["day_name"] for n in range(3)] == ["Sunday", "Monday", "Tuesday"]
