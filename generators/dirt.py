"""Kinds of dirt: small faults as real feeds have them, each with the rules of the contract that must catch it.

A kind spoils one clean record in place. `choice` (0 or more) picks among variants of the fault. A kind that must break
a rule may break others too, when the rules overlap: an empty price also fails to add up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from generators.render import Record

MALFORMED: Final = "malformed_row"
FUTURE_YEAR: Final = "2099"  # still in the future whenever the files are read

Spoil = Callable[[Record, int], None]


@dataclass(frozen=True)
class DirtKind:
    """One fault. `rules` are names of row rules, `malformed_row` or `uncastable:<column>`.

    formats: those that can carry it; a typed format has no room for text where a number belongs.
    """

    name: str
    rules: tuple[str, ...]
    spoil: Spoil
    formats: frozenset[str]


ANY_FORMAT: Final = frozenset({"csv", "jsonl", "parquet"})
TEXT_ONLY: Final = frozenset({"csv", "jsonl"})
CSV_ONLY: Final = frozenset({"csv"})


def put(column: str, *values: str | None) -> Spoil:
    def spoil(record: Record, choice: int) -> None:
        record[column] = values[choice % len(values)]

    return spoil


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


def move_to_the_future(record: Record, choice: int) -> None:
    del choice
    for column in ("ordered_at", "updated_at"):
        record[column] = FUTURE_YEAR + (record[column] or "")[4:].replace("-02-29", "-02-28")


def change_before_order(record: Record, choice: int) -> None:
    ordered_at = record["ordered_at"] or ""
    record["updated_at"] = f"{int(ordered_at[:4]) - 1 - choice % 3}{ordered_at[4:].replace('-02-29', '-02-28')}"


def lower_country(record: Record, choice: int) -> None:
    del choice
    record["country_code"] = (record["country_code"] or "").lower()


def discount_too_much(record: Record, choice: int) -> None:
    """The total still adds up, and stays positive, so that no other rule sees it: the tax grows with the discount."""
    excess = amount(record, "quantity") * amount(record, "unit_price") + 1 + choice % 20
    grown = excess - amount(record, "discount_amount")
    record["discount_amount"] = str(excess)
    record["tax_amount"] = str(amount(record, "tax_amount") + grown)


def break_columns(record: Record, choice: int) -> None:
    """One column too many, or too few."""
    if choice % 2:
        record["_surplus"] = "unexpected"
    else:
        for column in list(record)[-1 - choice % 3 :]:
            del record[column]


KINDS: Final = (
    DirtKind("missing_customer_id", ("customer_id_required",), put("customer_id", None), ANY_FORMAT),
    DirtKind("missing_unit_price", ("unit_price_required",), put("unit_price", None), ANY_FORMAT),
    DirtKind("bad_order_id", ("order_id_matches_pattern",), break_order_id, ANY_FORMAT),
    DirtKind("unknown_currency", ("currency_is_known",), put("currency", "XXX", "BTC", "eur", "EURO"), ANY_FORMAT),
    DirtKind("unknown_status", ("order_status_is_known",), put("order_status", "pending", "PAID", "lost"), ANY_FORMAT),
    DirtKind("quantity_zero", ("quantity_in_range",), sell_nothing, ANY_FORMAT),
    DirtKind("quantity_too_large", ("quantity_in_range",), sell_too_many, ANY_FORMAT),
    DirtKind("quantity_not_a_number", ("uncastable:quantity",), put("quantity", "two", "n/a", "3 pcs"), TEXT_ONLY),
    DirtKind("line_total_off", ("line_total_adds_up",), inflate_total, ANY_FORMAT),
    DirtKind(
        "future_timestamp",
        ("ordered_at_not_in_future", "updated_at_not_in_future"),
        move_to_the_future,
        ANY_FORMAT,
    ),
    DirtKind(
        "unparseable_timestamp",
        ("uncastable:ordered_at",),
        put("ordered_at", "yesterday", "2026-13-45T99:00:00Z", "31/12/2026 10:00"),
        TEXT_ONLY,
    ),
    DirtKind("updated_before_ordered", ("updated_at_not_before_ordered_at",), change_before_order, ANY_FORMAT),
    DirtKind("lower_case_country", ("country_code_matches_pattern",), lower_country, ANY_FORMAT),
    DirtKind("discount_above_value", ("discount_not_above_price",), discount_too_much, ANY_FORMAT),
    DirtKind("malformed_row", (MALFORMED,), break_columns, CSV_ONLY),
)


def kinds_for(file_format: str) -> tuple[DirtKind, ...]:
    return tuple(kind for kind in KINDS if file_format in kind.formats)
