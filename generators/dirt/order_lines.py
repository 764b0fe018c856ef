"""Kinds of dirt of order lines, which must keep adding up but for the one fault they are named for."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from generators.dirt.kinds import (
    ANY_FORMAT,
    MALFORMED_ROW,
    TEXT_ONLY,
    DirtKind,
    before,
    in_future,
    lower_case_country,
    missing,
    off_pattern,
    put,
    unknown,
)
from generators.files.text import Record


def break_order_id(record: Record, choice: int) -> None:
    order_id = record["order_id"] or ""
    digits = order_id.removeprefix("ORD-")
    record["order_id"] = (f"ORD_{digits}", digits, f"ORD-{digits[:6]}", f"ORD-{digits[:-1]}G")[choice % 4]


def sell_nothing(record: Record, choice: int) -> None:
    del choice
    record["discount_amount"] = "0.00"
    sell(record, 0)


def sell_too_many(record: Record, choice: int) -> None:
    del choice
    sell(record, 5_000)


def sell(record: Record, quantity: int) -> None:
    """Another quantity, with a total that adds up: the quantity alone is at fault."""
    value = quantity * amount(record, "unit_price")
    record["quantity"] = str(quantity)
    record["line_total"] = str(value - amount(record, "discount_amount") + amount(record, "tax_amount"))


def amount(record: Record, column: str) -> Decimal:
    """A number of a clean record, where no number is missing."""
    return Decimal(record[column] or 0)


def inflate_total(record: Record, choice: int) -> None:
    record["line_total"] = str(amount(record, "line_total") + 1 + choice % 50)


def discount_too_much(record: Record, choice: int) -> None:
    """Increase the tax with the discount, so that the total adds up and stays positive, and no other rule is broken."""
    excess = amount(record, "quantity") * amount(record, "unit_price") + 1 + choice % 20
    grown = excess - amount(record, "discount_amount")
    record["discount_amount"] = str(excess)
    record["tax_amount"] = str(amount(record, "tax_amount") + grown)


KINDS: Final = (
    missing("customer_id"),
    missing("unit_price"),
    off_pattern("order_id", break_order_id),
    unknown("currency", "XXX", "BTC", "eur", "EURO"),
    DirtKind("unknown_status", ("order_status_is_known",), put("order_status", "pending", "PAID", "lost"), ANY_FORMAT),
    DirtKind("quantity_zero", ("quantity_in_range",), sell_nothing, ANY_FORMAT),
    DirtKind("quantity_too_large", ("quantity_in_range",), sell_too_many, ANY_FORMAT),
    DirtKind("quantity_not_a_number", ("uncastable:quantity",), put("quantity", "two", "n/a", "3 pcs"), TEXT_ONLY),
    DirtKind("line_total_off", ("line_total_adds_up",), inflate_total, ANY_FORMAT),
    in_future("ordered_at", "updated_at"),
    DirtKind(
        "unparseable_timestamp",
        ("uncastable:ordered_at",),
        put("ordered_at", "yesterday", "2026-13-45T99:00:00Z", "31/12/2026 10:00"),
        TEXT_ONLY,
    ),
    replace(before("updated_at", "ordered_at"), name="updated_before_ordered"),
    lower_case_country(),
    DirtKind("discount_above_value", ("discount_not_above_price",), discount_too_much, ANY_FORMAT),
    MALFORMED_ROW,
)


def kinds_for(file_format: str) -> tuple[DirtKind, ...]:
    """Return the kinds that files of a format can hold."""
    return tuple(kind for kind in KINDS if file_format in kind.formats)
