"""Kinds of dirt of every dataset of a world; see `generators.dirt` for what a kind is, and for those of transactions.

A dirty row is a spoiled copy of a clean row of the same file, as when a system sends a row again, right: whatever the
dirt, the clean rows alone are consistent.
"""

from typing import Final

from generators.dirt import ANY_FORMAT, CSV_ONLY, FUTURE_YEAR, MALFORMED, TEXT_ONLY, DirtKind, Spoil, break_columns, put
from generators.dirt import KINDS as TRANSACTION_KINDS
from generators.render import Record

MALFORMED_ROW: Final = DirtKind("malformed_row", (MALFORMED,), break_columns, CSV_ONLY)


def missing(column: str) -> DirtKind:
    return DirtKind(f"missing_{column}", (f"{column}_required",), put(column, None), ANY_FORMAT)


def unknown(column: str, *values: str) -> DirtKind:
    return DirtKind(f"unknown_{column}", (f"{column}_is_known",), put(column, *values), ANY_FORMAT)


def not_a_number(column: str) -> DirtKind:
    return DirtKind(f"{column}_not_a_number", (f"uncastable:{column}",), put(column, "n/a", "1,5", "many"), TEXT_ONLY)


def unparseable(column: str) -> DirtKind:
    values = ("yesterday", "31/12/2026", "2026-13-45")
    return DirtKind(f"unparseable_{column}", (f"uncastable:{column}",), put(column, *values), TEXT_ONLY)


def off_pattern(column: str, *changes: Spoil) -> DirtKind:
    def spoil(record: Record, choice: int) -> None:
        changes[choice % len(changes)](record, choice)

    return DirtKind(f"bad_{column}", (f"{column}_matches_pattern",), spoil, ANY_FORMAT)


def misspelt_identifier(column: str) -> DirtKind:
    """The wrong separator, none at all, one digit too few, a letter where none may be."""

    def spoil(record: Record, choice: int) -> None:
        value = record[column] or "XXX-0"
        prefix, _, digits = value.partition("-")
        record[column] = (f"{prefix}_{digits}", digits, value[:-1], f"{value[:-1]}G")[choice % 4]

    return off_pattern(column, spoil)


def lower_case_country() -> DirtKind:
    def spoil(record: Record, choice: int) -> None:
        del choice
        record["country_code"] = (record["country_code"] or "xx").lower()

    return DirtKind("lower_case_country", ("country_code_matches_pattern",), spoil, ANY_FORMAT)


def in_future(*columns: str) -> DirtKind:
    def spoil(record: Record, choice: int) -> None:
        del choice
        for column in columns:
            record[column] = in_year(FUTURE_YEAR, record[column])

    return DirtKind("future_timestamp", tuple(f"{column}_not_in_future" for column in columns), spoil, ANY_FORMAT)


def before(column: str, other: str) -> DirtKind:
    """A time years before the one it must not be before."""

    def spoil(record: Record, choice: int) -> None:
        year = int((record[other] or "")[:4]) - 1 - choice % 3
        record[column] = in_year(str(year), record[other])

    return DirtKind(f"{column}_before_{other}", (f"{column}_not_before_{other}",), spoil, ANY_FORMAT)


def in_year(year: str, moment: str | None) -> str:
    return year + (moment or "")[4:].replace("-02-29", "-02-28")


def out_of_range(column: str, *values: str) -> DirtKind:
    return DirtKind(f"{column}_out_of_range", (f"{column}_in_range",), put(column, *values), ANY_FORMAT)


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
    "transactions": TRANSACTION_KINDS,
    "clickstream": EVENT_KINDS,
    "reviews": REVIEW_KINDS,
}


def kinds_of(dataset: str, file_format: str) -> tuple[DirtKind, ...]:
    """The kinds that files of a format can carry."""
    return tuple(kind for kind in KINDS[dataset] if file_format in kind.formats)
