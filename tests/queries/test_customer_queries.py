"""The named queries about customers and their visits."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cartlake_cli.operations.manifest_check import people_sql
from tests.queries.conftest import TODAY

JUNE = date(2026, 6, 1)


@pytest.fixture
def customer(insert):
    """One customer with a segment and a lifetime value."""

    def add(golden_customer_id="GLD-0000001", segment="loyal", revenue=100, last_order_date=TODAY):
        insert(
            "curated.customer_segments",
            golden_customer_id=golden_customer_id,
            segment=segment,
            as_of_date=TODAY,
            last_order_date=last_order_date,
            frequency=2,
            revenue_reporting=revenue,
        )
        insert(
            "curated.customer_ltv",
            golden_customer_id=golden_customer_id,
            orders=2,
            revenue_reporting=revenue,
            average_order_value=revenue,
        )

    return add


@pytest.fixture
def age(insert):
    """One month of a cohort of ten."""

    def add(cohort_month, months_since, retention_rate):
        insert(
            "curated.cohort_retention",
            cohort_month=cohort_month,
            months_since=months_since,
            customers=10,
            retention_rate=retention_rate,
        )

    return add


@pytest.fixture
def sessions(insert):
    """A day of ten sessions, of which one bought."""

    def add(**values):
        usual = {
            "session_date": TODAY,
            "device": "mobile",
            "channel": "direct",
            "sessions": 10,
            "bounces": 4,
            "identified_sessions": 5,
            "reached_product_view": 6,
            "reached_add_to_cart": 3,
            "reached_checkout": 2,
            "reached_purchase": 1,
        }
        insert("curated.conversion_funnel", **{**usual, **values})

    return add


def test_customer_ltv_names_a_hundred_by_revenue_with_their_segment(run, customer):
    for number in range(101):
        customer(f"GLD-{number:07}", revenue=number)
    customer("GLD-0000200", segment="champions", revenue=100)

    rows = run("customer_ltv")

    assert [row["revenue_rank"] for row in rows] == list(range(1, 101))
    assert [(row["golden_customer_id"], row["segment"]) for row in rows[:2]] == [
        ("GLD-0000100", "loyal"),
        ("GLD-0000200", "champions"),
    ]


def test_a_top_customer_without_a_segment_is_kept(run, insert):
    insert("curated.customer_ltv", golden_customer_id="GLD-0000001", revenue_reporting=1)

    [row] = run("customer_ltv")

    assert (row["golden_customer_id"], row["segment"]) == ("GLD-0000001", None)


def test_segments_have_their_shares_of_customers_and_revenue(run, customer):
    customer("GLD-0000001", "champions", revenue=300, last_order_date=date(2026, 6, 29))
    customer("GLD-0000002", "lost", revenue=70, last_order_date=date(2026, 1, 1))
    customer("GLD-0000003", "lost", revenue=30, last_order_date=date(2026, 1, 2))

    champions, lost = run("rfm_segments")

    assert (champions["segment"], lost["segment"]) == ("champions", "lost")
    assert (lost["customers"], lost["orders"], lost["revenue"]) == (2, 4, Decimal("100.00"))
    assert (lost["customer_share"], lost["revenue_share"]) == (Decimal("0.6667"), Decimal("0.2500"))
    assert (lost["revenue_per_customer"], lost["average_days_since_last_order"]) == (50, Decimal("179.5"))


def test_segments_that_brought_nothing_have_no_share_of_it_and_no_error(run, customer):
    customer(revenue=0)

    [row] = run("rfm_segments")

    assert (row["customer_share"], row["revenue_share"]) == (Decimal("1.0000"), None)


def test_the_retention_matrix_has_a_row_per_cohort_and_a_column_per_month(run, age):
    age(date(2026, 5, 1), 0, 1)
    age(date(2026, 5, 1), 1, Decimal("0.3000"))
    age(JUNE, 0, 1)

    june, may = run("cohort_retention")

    assert (june["cohort_month"], june["month_0"], june["month_1"]) == (JUNE, 1, None)
    assert (may["customers"], may["month_1"], may["month_12"]) == (10, Decimal("0.3000"), None)


def test_the_retention_matrix_covers_13_cohorts_unless_told_otherwise_and_12_months_after_the_first(run, age):
    age(date(2025, 5, 1), 0, 1)
    age(date(2025, 6, 1), 12, Decimal("0.1000"))
    age(date(2025, 6, 1), 13, Decimal("0.2000"))
    age(JUNE, 0, 1)

    rows = run("cohort_retention")

    assert [row["cohort_month"] for row in rows] == [JUNE, date(2025, 6, 1)]
    assert (rows[1]["month_12"], "month_13" in rows[1]) == (Decimal("0.1000"), False)
    assert len(run("cohort_retention", first_cohort="2025-05-01")) == 3


def test_conversion_adds_days_before_it_divides_and_keeps_devices_and_channels_apart(run, sessions):
    sessions()
    sessions(session_date=TODAY - timedelta(days=29), sessions=30, bounces=0, reached_purchase=1)
    sessions(channel="email", sessions=0, reached_purchase=0)
    sessions(device="desktop")

    rows = run("conversion_funnel")

    assert [(row["device"], row["channel"], row["sessions"], row["conversion_rate"]) for row in rows] == [
        ("desktop", "direct", 10, Decimal("0.1000")),
        ("mobile", "direct", 40, Decimal("0.0500")),
        ("mobile", "email", 0, None),
    ]
    steps = [rows[0][f"{step}_rate"] for step in ("bounce", "product_view", "cart", "checkout")]
    assert steps == [Decimal("0.4000"), Decimal("0.6000"), Decimal("0.3000"), Decimal("0.2000")]


def test_conversion_covers_the_last_thirty_days(run, sessions):
    sessions()
    sessions(session_date=TODAY - timedelta(days=31), channel="email")

    assert [row["channel"] for row in run("conversion_funnel")] == ["direct"]


def test_people_of_the_generated_files_are_those_with_a_record_beside_contacts(ask, insert):
    for name, systems, is_current in [
        ("GLD-0000001", ["shop"], True),
        ("GLD-0000001", ["shop"], False),
        ("GLD-CON-1", ["hubspot", "newsletter"], True),
        ("GLD-CON-2", ["hubspot"], True),
        ("GLD-UNKNOWN", None, True),
    ]:
        insert("curated.dim_customer", golden_customer_id=name, source_systems=systems, is_current=is_current)

    assert ask(people_sql("curated")) == [{"people": 2}]
