"""Kinds of dirt of every dataset; those of order lines are in `generators.dirt.order_lines`.

In a world, a dirty row is a spoiled copy of a clean row of the same file, as when a system sends a row again, right:
whatever the dirt, the clean rows alone are consistent.
"""

from typing import Final

from generators.dirt.kinds import (
    ANY_FORMAT,
    MALFORMED_ROW,
    TEXT_ONLY,
    DirtKind,
    before,
    in_future,
    in_year,
    lower_case_country,
    missing,
    misspelt_identifier,
    not_a_number,
    off_pattern,
    out_of_range,
    put,
    unknown,
    unparseable,
)
from generators.dirt.order_lines import KINDS as ORDER_LINE_KINDS
from generators.files.text import Record


def received_before_it_happened(record: Record, choice: int) -> None:
    year = int((record["event_at"] or "")[:4]) - 1 - choice % 2
    record["received_at"] = in_year(str(year), record["event_at"])


def buy_nothing(record: Record, choice: int) -> None:
    del choice
    record["event_type"], record["order_id"] = "purchase", None


def view_nothing(record: Record, choice: int) -> None:
    record["event_type"], record["product_id"] = ("product_view", "add_to_cart")[choice % 2], None


def review_before_buying(record: Record, choice: int) -> None:
    year = int((record["purchased_on"] or "")[:4]) - 1 - choice % 2
    record["reviewed_at"] = in_year(str(year), record["reviewed_at"])


CUSTOMER_KINDS: Final = (
    misspelt_identifier("customer_id"),
    unknown("source_system", "SHOP", "crm", "web shop"),
    off_pattern("phone", put("phone", "030 123456", "+49-30-1234", "0049301234567", "+12")),
    out_of_range("birth_date", "1899-12-31", "1776-07-04"),
    unparseable("birth_date"),
    lower_case_country(),
    missing("marketing_consent"),
    DirtKind(
        "consent_not_a_flag",
        ("uncastable:marketing_consent",),
        put("marketing_consent", "maybe", "unknown", "ja"),
        TEXT_ONLY,
    ),
    before("updated_at", "registered_at"),
    in_future("updated_at"),
    missing("registered_at"),
    DirtKind(
        "long_postal_code",
        ("postal_code_length_in_range",),
        put("postal_code", "10115 Berlin Mitte", "post box 12345678"),
        ANY_FORMAT,
    ),
    MALFORMED_ROW,
)
VENDOR_KINDS: Final = (
    misspelt_identifier("vendor_id"),
    missing("vendor_name"),
    out_of_range("lead_time_days", "-1", "366", "9999"),
    not_a_number("lead_time_days"),
    lower_case_country(),
    in_future("updated_at"),
    MALFORMED_ROW,
)
PRODUCT_KINDS: Final = (
    misspelt_identifier("product_id"),
    unknown("category", "Shoes", "misc", "food"),
    missing("product_name"),
    misspelt_identifier("vendor_id"),
    out_of_range("list_price", "-1.00", "1000000.01"),
    not_a_number("list_price"),
    missing("unit_cost"),
    out_of_range("stock_quantity", "-1", "10000001"),
    unparseable("launched_on"),
    in_future("updated_at"),
    MALFORMED_ROW,
)
RATE_KINDS: Final = (
    unknown("currency", "EUR", "usd", "XXX"),
    missing("rate"),
    out_of_range("rate", "0.00000", "-1.08560", "100001.00000"),
    not_a_number("rate"),
    missing("rate_date"),
    in_future("updated_at"),
    MALFORMED_ROW,
)
EVENT_KINDS: Final = (
    misspelt_identifier("event_id"),
    unknown("event_type", "click", "PURCHASE", "scroll"),
    missing("visitor_id"),
    misspelt_identifier("visitor_id"),
    missing("page_path"),
    unparseable("event_at"),
    DirtKind(
        "received_before_it_happened",
        ("event_at_not_after_received_at",),
        received_before_it_happened,
        ANY_FORMAT,
    ),
    in_future("event_at", "received_at"),
    DirtKind("purchase_without_order", ("purchase_names_its_order",), buy_nothing, ANY_FORMAT),
    DirtKind("view_without_product", ("product_event_names_its_product",), view_nothing, ANY_FORMAT),
    unknown("device", "watch", "Mobile", "bot"),
    lower_case_country(),
    off_pattern("customer_id", put("customer_id", "CUS-42", "guest", "4211")),
    MALFORMED_ROW,
)
REVIEW_KINDS: Final = (
    misspelt_identifier("review_id"),
    misspelt_identifier("order_id"),
    missing("product_id"),
    missing("customer_id"),
    out_of_range("rating", "0", "6", "10"),
    not_a_number("rating"),
    unparseable("purchased_on"),
    before("updated_at", "reviewed_at"),
    DirtKind("review_before_purchase", ("reviewed_after_purchase",), review_before_buying, ANY_FORMAT),
    in_future("updated_at"),
    DirtKind("long_title", ("title_length_in_range",), put("title", "Great! " * 40), ANY_FORMAT),
    MALFORMED_ROW,
)

KINDS: Final = {
    "customers": CUSTOMER_KINDS,
    "vendors": VENDOR_KINDS,
    "products": PRODUCT_KINDS,
    "fx_rates": RATE_KINDS,
    "transactions": ORDER_LINE_KINDS,
    "clickstream": EVENT_KINDS,
    "reviews": REVIEW_KINDS,
}


def kinds_of(dataset: str, file_format: str) -> tuple[DirtKind, ...]:
    """Return the kinds that files of a format can hold."""
    return tuple(kind for kind in KINDS[dataset] if file_format in kind.formats)
