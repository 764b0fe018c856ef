"""The marts about customers, the same cases on Spark and on DuckDB."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from cartlake import contracts
from cartlake.engine import F
from glue_jobs.transforms import cohorts
from glue_jobs.transforms import customers as marts
from glue_jobs.transforms.segments import SEGMENTS
from tests.spark.transforming import transformed

pytestmark = pytest.mark.spark

ORDERS = contracts.load("fct_orders").table
IDENTITIES = "customer_id string, golden_customer_id string"
ORDER = {
    "order_date": date(2026, 1, 10),
    "order_id": "ORD-0000000001",
    "ordered_at": None,
    "customer_id": "CUS-0000001",
    "order_status": "paid",
    "channel": "web",
    "payment_method": "card",
    "country_code": "DE",
    "currency": "EUR",
    "order_lines": 1,
    "cancelled_lines": 0,
    "returned_lines": 0,
    "unconverted_lines": 0,
    "units": 1,
    "gross_amount": Decimal("10.00"),
    "discount_amount": Decimal("0.00"),
    "net_amount": Decimal("10.00"),
    "tax_amount": Decimal("0.00"),
    "order_total": Decimal("10.00"),
    "returned_amount": Decimal("0.00"),
    "net_reporting": Decimal("10.00"),
    "returned_reporting": Decimal("0.00"),
    "cost_reporting": Decimal("4.00"),
}
CANCELLED = {
    "order_status": "cancelled",
    "units": 0,
    "net_reporting": Decimal("0.00"),
    "returned_reporting": Decimal("0.00"),
    "cost_reporting": Decimal("0.00"),
}


def order(day="2026-01-10", customer="CUS-0000001", net="10.00", **changes):
    """One order at noon; amounts as text."""
    placed = date.fromisoformat(day)
    said = {
        "order_date": placed,
        "customer_id": customer,
        "net_reporting": Decimal(net),
        "ordered_at": datetime(placed.year, placed.month, placed.day, 12, tzinfo=UTC),
    }
    return ORDER | said | changes


def orders_frame(frame, orders):
    rows = [tuple(row.values()) for row in orders or [order()]]
    made = frame(rows, contracts.spark_schema_ddl(ORDERS, added_by_lake=False))
    return made if orders else made.where(F.lit(1) == F.lit(0))  # DuckDB inserts no empty list


def identities_frame(frame, people):
    made = frame(list(people.items()) or [("CUS-9999999", "GLD-9999999")], IDENTITIES)
    return made if people else made.where(F.lit(1) == F.lit(0))


def built(frame, mart, orders, people=None):
    """The mart over these orders. `people` maps customer_id to golden_customer_id."""
    months = transformed(marts.customer_months, fct_orders=orders_frame(frame, orders))
    if mart == "customer_months":
        return months
    upstreams = {"customer_months": months, "customer_identities": identities_frame(frame, people or {})}
    if mart == "customer_segments":
        return transformed(marts.customer_segments, customer_rfm=transformed(marts.customer_rfm, **upstreams))
    module = cohorts if mart == "cohort_retention" else marts
    return transformed(getattr(module, mart), **upstreams)


def rows_of(frame, mart, orders, people=None):
    """The rows of a mart, sorted, with decimals as decimals and moments in UTC."""
    table = contracts.load(mart).table
    rows = built(frame, mart, orders, people).collect()
    plain = [{column.name: plainly(row[column.name], column.type) for column in table.file_columns} for row in rows]
    return sorted(plain, key=lambda row: tuple(row[key] for key in table.primary_key))


def plainly(value, kind):
    """SQLFrame collects decimals as floats, Spark naive moments in the zone of the process."""
    if value is None:
        return None
    if kind.startswith("decimal"):
        return round(Decimal(value), int(kind[-2]))
    return value.astimezone(UTC) if kind == "timestamp" else value


def half_up(value, digits="0.01"):
    return value.quantize(Decimal(digits), ROUND_HALF_UP)


OF_PEOPLE = ["customer_rfm", "customer_ltv", "cohort_retention"]
MARTS = ["customer_months", "customer_segments", *OF_PEOPLE]


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_has_the_columns_and_types_of_its_contract(frame, mart):
    table = contracts.load(mart).table

    types = {
        field.name: field.dataType.simpleString().replace(", ", ",") for field in built(frame, mart, [order()]).schema
    }

    assert types == {column.name: column.type for column in table.file_columns}
    assert list(types) == [column.name for column in table.file_columns]


@pytest.mark.parametrize("mart", MARTS)
def test_no_orders_make_no_rows(frame, mart):
    assert rows_of(frame, mart, []) == []


@pytest.mark.parametrize("mart", OF_PEOPLE)
def test_who_only_cancelled_is_no_customer(frame, mart):
    orders = [order(), order(customer="CUS-0000002", **CANCELLED)]

    rows = rows_of(frame, mart, orders, {"CUS-0000001": "GLD-0000001", "CUS-0000002": "GLD-0000002"})

    assert len(rows) == 1
    assert rows[0].get("golden_customer_id", "GLD-0000001") == "GLD-0000001"
    assert rows[0].get("customers", 1) == 1


@pytest.mark.parametrize("mart", OF_PEOPLE)
def test_a_world_of_cancelled_orders_has_no_customers(frame, mart):
    assert rows_of(frame, mart, [order(**CANCELLED)]) == []


def test_a_month_of_a_record_is_summed_without_its_cancelled_orders(frame):
    orders = [
        order("2026-01-31", units=2),
        order("2026-01-05", net="30.00", returned_reporting=Decimal("12.50"), order_status="partly_returned"),
        order("2026-01-05", net="0.01", cost_reporting=Decimal("0.00")),
        order("2026-01-02", **CANCELLED),
    ]

    [month] = rows_of(frame, "customer_months", orders)

    assert month == {
        "month_start": date(2026, 1, 1),
        "customer_id": "CUS-0000001",
        "orders": 3,
        "cancelled_orders": 1,
        "units": 4,
        "net_reporting": Decimal("40.01"),
        "returned_reporting": Decimal("12.50"),
        "revenue_reporting": Decimal("27.51"),
        "cost_reporting": Decimal("8.00"),
        "margin_reporting": Decimal("19.51"),
        "first_order_date": date(2026, 1, 5),
        "last_order_date": date(2026, 1, 31),
        "first_ordered_at": datetime(2026, 1, 5, 12, tzinfo=UTC),
        "order_day_bits": 2**4 + 2**30,
        "first_day_revenue": Decimal("17.51"),
    }


def test_a_month_of_only_cancelled_orders_is_kept_with_zeros_and_without_dates(frame):
    [month] = rows_of(frame, "customer_months", [order(**CANCELLED), order(**CANCELLED)])

    assert (month["orders"], month["cancelled_orders"], month["order_day_bits"]) == (0, 2, 0)
    assert [month[name] for name in ("revenue_reporting", "margin_reporting", "first_day_revenue")] == [0, 0, 0]
    assert [month[name] for name in ("first_order_date", "last_order_date", "first_ordered_at")] == [None] * 3


def test_months_are_cut_at_midnight_of_the_first(frame):
    orders = [order("2023-12-31"), order("2024-01-01"), order("2024-02-29"), order("2024-03-01")]

    months = [row["month_start"] for row in rows_of(frame, "customer_months", orders)]

    assert months == [date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]


def test_a_month_computed_alone_equals_the_month_computed_with_all_others(frame):
    orders, _ = world(seed=3)
    january = [row for row in orders if row["order_date"].month == 1]

    alone = rows_of(frame, "customer_months", january)

    assert alone == [row for row in rows_of(frame, "customer_months", orders) if row["month_start"].month == 1]


def test_returns_above_sales_give_negative_revenue_and_no_error(frame):
    orders = [order(net="1.00", returned_reporting=Decimal("2.01")), order(net="1.00")]

    [month] = rows_of(frame, "customer_months", orders)
    [ltv] = rows_of(frame, "customer_ltv", orders)

    assert month["revenue_reporting"] == Decimal("-0.01")
    assert ltv["average_order_value"] == Decimal("-0.01")  # -0.005, half away from zero


def scores(rows, name):
    return {row["golden_customer_id"]: row[f"{name}_score"] for row in rows}


def test_five_different_customers_score_one_to_five(frame):
    orders = [
        order(f"2026-01-0{rank}", f"CUS-000000{rank}", net="10.00", order_id=f"{rank}-{copy}")
        for rank in range(1, 6)
        for copy in range(rank)
    ]

    rows = rows_of(frame, "customer_rfm", orders)

    assert [row["rfm_score"] for row in rows] == ["111", "222", "333", "444", "555"]
    assert [row["recency_days"] for row in rows] == [4, 3, 2, 1, 0]
    assert {row["as_of_date"] for row in rows} == {date(2026, 1, 5)}


def test_equal_values_have_equal_scores_and_the_next_value_skips_their_places(frame):
    one_time = [order(customer=f"CUS-000000{number}", order_id=str(number)) for number in range(7)]
    twice = [order(customer=f"CUS-000000{number}", order_id=f"{number}b") for number in range(4, 7)]

    frequency = scores(rows_of(frame, "customer_rfm", one_time + twice), "frequency")

    # 4 of 7 are below the other 3: 1 + floor(20 / 7).
    assert sorted(frequency.values()) == [1, 1, 1, 1, 3, 3, 3]


def test_scores_do_not_depend_on_the_order_of_rows(frame):
    orders, people = world(seed=5)

    forth, back = (rows_of(frame, "customer_rfm", some, people) for some in (orders, orders[::-1]))

    assert forth == back


@pytest.mark.parametrize("customers", [pytest.param(1, id="a single customer"), pytest.param(6, id="six")])
def test_when_all_customers_are_alike_all_score_one(frame, customers):
    orders = [order(customer=f"CUS-000000{number}") for number in range(customers)]

    rows = rows_of(frame, "customer_segments", orders)

    assert [(row["rfm_score"], row["segment"]) for row in rows] == [("111", "lost")] * customers


def test_records_of_one_person_are_one_customer_and_unknown_records_are_customers_of_their_own(frame):
    orders = [
        order("2026-01-10", "CUS-0000001"),
        order("2026-01-20", "CUS-0000002", net="5.00"),
        order("2026-01-15", "CUS-0000003", net="7.00"),
    ]
    people = {"CUS-0000001": "GLD-0000001", "CUS-0000002": "GLD-0000001"}

    rows = rows_of(frame, "customer_rfm", orders, people)

    assert [(row["golden_customer_id"], row["frequency"], row["monetary"], row["recency_days"]) for row in rows] == [
        ("CUS-0000003", 1, Decimal("7.00"), 5),
        ("GLD-0000001", 2, Decimal("15.00"), 0),
    ]


def segments_by_score(frame):
    """The segment of every combination of scores."""
    grades = [(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
    schema = (
        "golden_customer_id string, recency_score int, frequency_score int, monetary_score int, rfm_score string, "
        "as_of_date date, last_order_date date, frequency bigint, monetary decimal(18,2)"
    )
    day = date(2026, 1, 10)
    rows = [(f"{r}{f}{m}", r, f, m, f"{r}{f}{m}", day, day, 1, Decimal("1.00")) for r, f, m in grades]
    return {row["rfm_score"]: row["segment"] for row in marts.customer_segments(frame(rows, schema)).collect()}


def test_every_combination_of_scores_has_a_segment_and_every_segment_a_combination(once):
    named = once(segments_by_score)

    assert len(named) == 125
    assert set(named.values()) == {segment.name for segment in SEGMENTS}


@pytest.mark.parametrize(
    ("score", "segment"),
    [
        pytest.param("555", "champions", id="best"),
        pytest.param("444", "champions", id="the first rule that matches wins over loyal"),
        pytest.param("553", "loyal", id="often but not much"),
        pytest.param("344", "loyal", id="a while ago"),
        pytest.param("535", "potential_loyalist", id="not often yet"),
        pytest.param("511", "new", id="just once, just now"),
        pytest.param("411", "promising", id="just once, lately"),
        pytest.param("333", "need_attention", id="middle"),
        pytest.param("315", "about_to_sleep", id="once, a while ago"),
        pytest.param("155", "cannot_lose", id="the best, gone"),
        pytest.param("152", "at_risk", id="often, gone"),
        pytest.param("225", "hibernating", id="seldom, long ago"),
        pytest.param("111", "lost", id="worst"),
    ],
)
def test_the_first_matching_rule_names_the_segment(once, score, segment):
    assert once(segments_by_score)[score] == segment


def test_lifetime_value_counts_a_day_once_though_both_records_of_a_person_ordered_on_it(frame):
    orders = [
        order("2026-01-10", "CUS-0000001", net="10.00"),
        order("2026-01-10", "CUS-0000002", net="1.00"),
        order("2026-02-03", "CUS-0000001", net="5.00"),
        order("2026-02-03", "CUS-0000002", net="5.00"),
        order("2026-02-20", "CUS-0000002", net="0.05"),
        order("2026-03-01", "CUS-0000009"),
    ]
    people = {"CUS-0000001": "GLD-0000001", "CUS-0000002": "GLD-0000001", "CUS-0000009": "GLD-0000009"}

    row = rows_of(frame, "customer_ltv", orders, people)[0]

    assert [row[name] for name in ("orders", "repeat_orders", "order_days", "active_months")] == [5, 4, 3, 2]
    assert [row[name] for name in ("frequency", "recency_days", "tenure_days")] == [2, 41, 50]
    assert row["revenue_reporting"] == Decimal("21.05")
    assert row["average_order_value"] == Decimal("4.21")
    assert row["monetary_value"] == Decimal("5.03")  # (21.05 - 11.00) / 2 = 5.025, half up


def test_who_ordered_twice_on_the_only_day_has_no_repeat_purchase(frame):
    [row] = rows_of(frame, "customer_ltv", [order(order_id="a"), order(order_id="b", net="2.00")])

    assert [row[name] for name in ("orders", "repeat_orders", "frequency", "recency_days")] == [2, 1, 0, 0]
    assert (row["monetary_value"], row["average_order_value"]) == (Decimal("0.00"), Decimal("6.00"))


def test_means_are_exact_where_a_double_is_not(frame):
    orders = [order(net="2469135780246913.54"), order(net="0.01")]

    mean = built(frame, "customer_ltv", orders).select(F.col("average_order_value").cast("string").alias("text"))

    assert [row["text"] for row in mean.collect()] == ["1234567890123456.78"]


def test_a_cohort_has_a_row_for_every_month_up_to_the_last(frame):
    orders = [
        order("2025-11-10", "CUS-0000001"),
        order("2025-11-30", "CUS-0000002"),
        order("2025-11-30", "CUS-0000003"),
        order("2026-02-01", "CUS-0000001", net="4.00"),
        order("2026-02-01", "CUS-0000003", net="1.00"),
        order("2026-01-10", "CUS-0000004"),
        order("2026-03-31", "CUS-0000004", **CANCELLED),
        order("2026-03-01", "CUS-0000001", net="0.50"),
    ]

    rows = rows_of(frame, "cohort_retention", orders)

    november, january = date(2025, 11, 1), date(2026, 1, 1)
    assert [tuple(row.values()) for row in rows] == [
        (november, 0, 3, 3, Decimal("1.0000"), 3, Decimal("30.00"), Decimal("30.00")),
        (november, 1, 3, 0, Decimal("0.0000"), 0, Decimal("0.00"), Decimal("30.00")),
        (november, 2, 3, 0, Decimal("0.0000"), 0, Decimal("0.00"), Decimal("30.00")),
        (november, 3, 3, 2, Decimal("0.6667"), 2, Decimal("5.00"), Decimal("35.00")),
        (november, 4, 3, 1, Decimal("0.3333"), 1, Decimal("0.50"), Decimal("35.50")),
        (january, 0, 1, 1, Decimal("1.0000"), 1, Decimal("10.00"), Decimal("10.00")),
        (january, 1, 1, 0, Decimal("0.0000"), 0, Decimal("0.00"), Decimal("10.00")),
        (january, 2, 1, 0, Decimal("0.0000"), 0, Decimal("0.00"), Decimal("10.00")),
    ]


def test_a_person_with_two_records_is_in_the_cohort_of_the_first_and_active_once(frame):
    orders = [
        order("2026-01-10", "CUS-0000001"),
        order("2026-02-10", "CUS-0000001"),
        order("2026-02-11", "CUS-0000002"),
    ]

    rows = rows_of(frame, "cohort_retention", orders, dict.fromkeys(("CUS-0000001", "CUS-0000002"), "GLD-0000001"))

    assert [(row["cohort_month"], row["customers"], row["active_customers"], row["orders"]) for row in rows] == [
        (date(2026, 1, 1), 1, 1, 1),
        (date(2026, 1, 1), 1, 1, 2),
    ]


def test_a_rate_of_half_a_digit_is_rounded_up(frame):
    # 1 of 32 is 0.03125.
    orders = [order("2026-01-10", f"CUS-{number:07}") for number in range(32)]

    rows = rows_of(frame, "cohort_retention", [*orders, order("2026-02-10", "CUS-0000000")])

    assert [row["retention_rate"] for row in rows] == [Decimal("1.0000"), Decimal("0.0313")]


def world(seed):
    """Orders of 40 records of about 25 people over five months, from a fixed seed."""
    dice = random.Random(seed)
    records = [f"CUS-{number:07}" for number in range(40)]
    people = {record: f"GLD-{dice.randrange(25):07}" for record in records[:34]}
    orders = []
    for number in range(220):
        day = date(2025, 11, 1) + timedelta(days=int(dice.triangular(0, 150, 20)))
        net = Decimal(dice.randrange(1, 30_000)) / 100
        returned = dice.choice([Decimal("0.00"), Decimal("0.00"), net])
        gone = CANCELLED if dice.random() < 0.15 else {"returned_reporting": returned}
        changes = {"order_id": f"ORD-{number:010}", "units": dice.randrange(1, 9), **gone}
        orders.append(order(day.isoformat(), dice.choice(records), str(net), **changes) | gone)
    return orders, people


def told_plainly(orders, people):
    """Scores and lifetime values of `orders`, by loops over orders."""
    sold = [row for row in orders if row["order_status"] != "cancelled"]
    as_of = max(row["order_date"] for row in sold)
    bought = defaultdict(list)
    for row in sold:
        bought[people.get(row["customer_id"], row["customer_id"])].append(row)
    told = {}
    for person, rows in bought.items():
        by_day = defaultdict(Decimal)
        for row in rows:
            by_day[row["order_date"]] += row["net_reporting"] - row["returned_reporting"]
        days = sorted(by_day)
        repeats = [by_day[day] for day in days[1:]]
        revenue = sum(by_day.values())
        told[person] = {
            "last_order_date": days[-1],
            "tenure_days": (as_of - days[0]).days,
            "active_months": len({(day.year, day.month) for day in days}),
            "orders": len(rows),
            "revenue_reporting": revenue,
            "margin_reporting": revenue - sum(row["cost_reporting"] for row in rows),
            "average_order_value": half_up(revenue / len(rows)),
            "frequency": len(repeats),
            "recency_days": (days[-1] - days[0]).days,
            "monetary_value": half_up(sum(repeats) / len(repeats)) if repeats else Decimal("0.00"),
        }
    return told


def test_lifetime_values_are_those_computed_by_loops_over_orders(frame):
    orders, people = world(seed=7)

    rows = rows_of(frame, "customer_ltv", orders, people)

    told = told_plainly(orders, people)
    found = {row["golden_customer_id"]: row for row in rows}
    assert {person: {name: found[person][name] for name in facts} for person, facts in told.items()} == told
    assert len(rows) == len(told)


def test_scores_are_those_computed_by_loops_over_orders(frame):
    orders, people = world(seed=8)

    rows = rows_of(frame, "customer_rfm", orders, people)

    told = told_plainly(orders, people)
    for score, measure in (("recency", "last_order_date"), ("frequency", "orders"), ("monetary", "revenue_reporting")):
        values = {person: facts[measure] for person, facts in told.items()}
        expected = {
            person: 1 + 5 * sum(other < value for other in values.values()) // len(values)
            for person, value in values.items()
        }
        assert scores(rows, score) == expected


def test_cohorts_add_up_to_all_customers_orders_and_revenue(frame):
    orders, people = world(seed=9)

    retention = rows_of(frame, "cohort_retention", orders, people)
    values = rows_of(frame, "customer_ltv", orders, people)

    assert sum(row["customers"] for row in retention if row["months_since"] == 0) == len(values)
    for name in ("orders", "revenue_reporting"):
        assert sum(row[name] for row in retention) == sum(row[name] for row in values)
    last = {row["cohort_month"]: row["cumulative_revenue"] for row in retention}
    assert sum(last.values()) == sum(row["revenue_reporting"] for row in values)


@pytest.mark.parametrize("mart", MARTS)
def test_the_rows_of_a_mart_keep_the_rules_of_its_contract(frame, mart):
    table = contracts.load(mart).table
    orders, people = world(seed=11)

    rows = built(frame, mart, orders, people)

    broken = (F.expr(f"coalesce({rule.broken}, true)").cast("int").alias(rule.name) for rule in table.row_rules)
    verdicts = rows.select(*broken).collect()
    assert verdicts
    assert {rule.name for rule in table.row_rules if any(row[rule.name] for row in verdicts)} == set()
