"""Small worlds of files that get in each other's way: few keys, few days, many versions, all orders."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

# A week and a month end within these days, and a year: ISO weeks, months and sessions cross them.
FIRST = date(2025, 12, 27)
DAYS = [FIRST + timedelta(days=n) for n in range(9)]
STATUSES = ("placed", "paid", "delivered", "cancelled", "refunded")
PRICES = ("0.01", "9.99", "100.00", "33.33")


def at(day, second):
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def order(number):
    """What never changes of an order: its day, customer and currency."""
    return {
        "order_id": f"ORD-{number:010X}",
        "ordered_at": at(DAYS[number * 2 % len(DAYS)], 3600 * number),
        "currency": ("EUR", "USD", "SEK")[number % 3],
    }


def customer_id(number):
    return f"CUS-{number:07d}"


def product_id(number):
    return f"PRD-{number:05d}"


@st.composite
def order_lines(draw):
    number = draw(st.integers(0, 3))
    quantity, price = draw(st.integers(1, 3)), Decimal(draw(st.sampled_from(PRICES)))
    discount = draw(st.sampled_from([Decimal("0.00"), price]))
    tax = draw(st.sampled_from([Decimal("0.00"), Decimal("0.07")]))
    return {
        **order(number),
        "line_number": str(draw(st.integers(1, 2))),
        "customer_id": customer_id(number % 3),
        "customer_email": None,
        "product_id": product_id(draw(st.integers(0, 1))),
        "order_status": draw(st.sampled_from(STATUSES)),
        "channel": draw(st.sampled_from(["web", "store"])),
        "payment_method": "card",
        "country_code": "DE",
        "quantity": str(quantity),
        "unit_price": str(price),
        "discount_amount": str(discount),
        "tax_amount": str(tax),
        "line_total": str(quantity * price - discount + tax),
        "updated_at": at(DAYS[-1], draw(st.integers(0, 2))),
    }


@st.composite
def fx_rates(draw):
    return {
        "rate_date": str(draw(st.sampled_from(DAYS))),
        "currency": draw(st.sampled_from(["USD", "SEK"])),
        "rate": draw(st.sampled_from(["1.0856", "11.3333", "0.5"])),
        "updated_at": at(DAYS[-1], draw(st.integers(0, 1))),
    }


@st.composite
def products(draw):
    return {
        "product_id": product_id(draw(st.integers(0, 1))),
        "product_name": draw(st.sampled_from(["Shoe", "Boot"])),
        "category": draw(st.sampled_from(["shoes", "sports"])),
        "brand": "Northway",
        "vendor_id": f"VEN-{draw(st.integers(1, 2)):04d}",
        "list_price": draw(st.sampled_from(["10.00", "0.00", "89.90"])),
        "unit_cost": draw(st.sampled_from(["3.33", "0.00"])),
        "stock_quantity": str(draw(st.sampled_from([0, 3, 500]))),
        "is_active": draw(st.sampled_from(["true", "false"])),
        "launched_on": "2025-01-01",
        "updated_at": at(draw(st.sampled_from(DAYS)), draw(st.sampled_from([0, 43_200]))),
    }


@st.composite
def vendors(draw):
    return {
        "vendor_id": f"VEN-{draw(st.integers(1, 2)):04d}",
        "vendor_name": draw(st.sampled_from(["Alpine", "Alpine Goods"])),
        "country_code": draw(st.sampled_from(["AT", "DE"])),
        "contact_email": None,
        "lead_time_days": "7",
        "is_active": draw(st.sampled_from(["true", "false"])),
        "updated_at": at(draw(st.sampled_from(DAYS)), 0),
    }


@st.composite
def customers(draw):
    number = draw(st.integers(0, 3))
    return {
        "customer_id": customer_id(number),
        "source_system": ("shop", "shop", "marketplace", "newsletter")[number],
        "first_name": draw(st.sampled_from(["Jörg", "Joerg", "Anna", None])),
        "last_name": draw(st.sampled_from(["Müller", "Mueller", "Meier"])),
        "email": draw(st.sampled_from(["j@example.org", "J@Example.org", "a@example.org", None])),
        "phone": draw(st.sampled_from(["+4930123456", None])),
        "birth_date": draw(st.sampled_from(["1985-12-10", None])),
        "street": "Hauptstrasse 12",
        "postal_code": draw(st.sampled_from(["10115", "20095"])),
        "city": "Berlin",
        "country_code": "DE",
        "marketing_consent": draw(st.sampled_from(["true", "false"])),
        "registered_at": at(date(2025, 1, 1), number),
        "updated_at": at(draw(st.sampled_from(DAYS)), draw(st.sampled_from([0, 43_200]))),
    }


@st.composite
def hubspot_contacts(draw):
    """Contacts made before customers and after them, some of them customers by e-mail or by phone and name."""
    number = draw(st.integers(0, 2))
    return {
        "contact_id": f"CON-{number}",
        "first_name": draw(st.sampled_from(["Jörg", "Anna", None])),
        "last_name": draw(st.sampled_from(["Mueller", "Meier"])),
        "email": draw(st.sampled_from(["j@example.org", "A@example.org", None])),
        "phone": draw(st.sampled_from(["0049 (0)30 123-456", "030 123456", None])),
        "country": draw(st.sampled_from(["at", "Germany", None])),
        "email_opt_out": draw(st.sampled_from(["true", "false", None])),
        "created_at": draw(st.sampled_from([at(date(2024, 1, 1), number), at(date(2025, 6, 1), number), None])),
        "updated_at": at(draw(st.sampled_from(DAYS)), draw(st.sampled_from([0, 43_200]))),
    }


@st.composite
def clickstream(draw):
    """Events every 17 minutes or so over two midnights: one more or less joins, splits or merges sessions."""
    number = draw(st.integers(0, 15))
    happened = timedelta(days=1, hours=22, minutes=17 * number)
    moment = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + happened
    kind = draw(st.sampled_from(["page_view", "product_view", "add_to_cart", "checkout", "purchase"]))
    return {
        "event_id": f"EVT-{number:016X}",
        "event_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "event_type": kind,
        "visitor_id": f"VIS-{number % 2:012X}",
        "customer_id": draw(st.sampled_from([None, customer_id(1)])),
        "page_path": "/",
        "product_id": product_id(draw(st.integers(0, 1))),
        "order_id": order(1)["order_id"],
        "referrer_host": draw(st.sampled_from([None, "www.google.com"])),
        "utm_source": None,
        "utm_medium": draw(st.sampled_from([None, "email"])),
        "utm_campaign": None,
        "device": draw(st.sampled_from(["mobile", "desktop"])),
        "user_agent": draw(st.sampled_from(["Mozilla/5.0", "Googlebot/2.1"])),
        "country_code": "DE",
        "received_at": at(DAYS[-1], draw(st.integers(0, 1))),
    }


@st.composite
def redshift_behavior(draw):
    """Events of a warehouse; some of them are those of the clickstream, on its day or another."""
    known = draw(clickstream())
    moved = timedelta(hours=draw(st.sampled_from([0, 0, 3])))
    return {
        "event_id": draw(st.sampled_from([known["event_id"], f"R-{known['event_id']}"])),
        "event_at": (datetime.fromisoformat(known["event_at"]) + moved).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "event_type": known["event_type"],
        "visitor_id": draw(st.sampled_from([known["visitor_id"], None])),
        "page_path": draw(st.sampled_from(["/", None])),
        "device": draw(st.sampled_from(["mobile", "tv", None])),
        "user_agent": known["user_agent"],
        "loaded_at": at(DAYS[-1], draw(st.integers(0, 2))),
    }


@st.composite
def snowflake_orders(draw):
    """Lines of a warehouse; some of its orders are those of the checkout, on the same day or the next one."""
    number = draw(st.integers(0, 3))
    price = draw(st.sampled_from(PRICES))
    return {
        **order(number),
        "ordered_at": at(DAYS[number * 2 % len(DAYS)] + timedelta(days=draw(st.integers(0, 1))), 0),
        "order_id": draw(st.sampled_from([order(number)["order_id"], f"SF-{number}"])),
        "line_number": str(draw(st.integers(1, 2))),
        "order_status": draw(st.sampled_from(STATUSES)),
        "customer_reference": draw(st.sampled_from([None, customer_id(0), "C-4711"])),
        "sku": product_id(draw(st.integers(0, 1))),
        "quantity": str(draw(st.integers(1, 3))),
        "unit_price": price,
        "discount_amount": draw(st.sampled_from([None, price])),
        "updated_at": at(DAYS[-1], draw(st.integers(0, 2))),
    }


@st.composite
def reviews(draw):
    number = draw(st.integers(0, 3))
    return {
        "review_id": f"REV-{number:010X}",
        "order_id": order(number)["order_id"],
        "customer_id": customer_id(draw(st.integers(0, 1))),
        "product_id": product_id(draw(st.integers(0, 1))),
        "purchased_on": order(number)["ordered_at"][:10],
        "rating": str(draw(st.integers(1, 5))),
        "title": "Good",
        "body": draw(st.sampled_from(["Write to me: a@example.org", "Fine"])),
        "reviewed_at": at(date(2026, 1, 20), draw(st.integers(0, 1))),
        "updated_at": at(date(2026, 1, 21), draw(st.integers(0, 1))),
    }


ROWS = {
    "transactions": order_lines(),
    "fx_rates": fx_rates(),
    "products": products(),
    "vendors": vendors(),
    "customers": customers(),
    "hubspot_contacts": hubspot_contacts(),
    "clickstream": clickstream(),
    "reviews": reviews(),
    "snowflake_orders": snowflake_orders(),
    "redshift_behavior": redshift_behavior(),
}


def files(*datasets):
    """A file of one of the datasets: its name and its rows."""
    return st.sampled_from(datasets).flatmap(
        lambda dataset: st.tuples(st.just(dataset), st.lists(ROWS[dataset], min_size=1, max_size=4))
    )
