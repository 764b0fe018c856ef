"""Guesses about a column and a table, each with the share of rows that supports it. Nothing here reads or writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cartlake.contracts.nested import LOGICAL_TYPES
from cartlake_cli.contracts.drafts.facts import Facts, pattern_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENOUGH: Final = 0.95
"""The share of values that must read as a type for it to be the column's; the others would be quarantined."""
FEW: Final = 20
"""Below so many values nothing is guessed about ranges and patterns."""
_PERSONAL_NAMES: Final = {
    r"e_?mail": "an e-mail address",
    r"phone|mobile|\bfax\b|telephone": "a phone number",
    r"(first|last|middle|full|sur|given|family|billing|shipping|customer|card|cardholder|contact|recipient)_?name"
    r"|firstname|lastname|surname": "a name of a person",
    r"street|address|addr\b|postcode|postal|zip": "an address",
    r"birth|\bdob\b": "a date of birth",
    r"\bip\b|ip_address": "an IP address",
    r"tax_?id|vat_?(id|number)|ssn|passport|iban|card_?(number|last4)": "an identifier of a person",
}
_KEY_NAME: Final = re.compile(r"(^|_)(id|key|uuid|guid|number|no|sku|code|handle|reference)$")
_CHANGED: Final = re.compile(r"updated|modified|changed|last_")
_CREATED: Final = re.compile(r"created|ordered|placed|^date$|^day$|_at$|_on$|date")
_NAME: Final = re.compile(r"[^a-z0-9]+")
_MONEY: Final = re.compile(r"price|amount|total|subtotal|revenue|cost|fee|tax(es)?$|discount|refund(ed)?|shipping$")
_SIMPLE_SHAPE: Final = re.compile(r"[Aa9 _./:#@-]{2,60}")


@dataclass(frozen=True)
class Guess:
    """A guessed text of the contract and why: e.g. `all 20 values`, `97.0 % of 200 values`."""

    text: str
    why: str


@dataclass(frozen=True)
class ColumnDraft:
    """What is guessed of one column. `header` is its name in the file where that is another one."""

    name: str
    header: str | None
    type: Guess
    required: Guess | None
    personal: Guess | None
    rules: tuple[tuple[str, Guess], ...]
    example: str | None

    @property
    def logical_type(self) -> str:
        """Return the ODCS name of the type's kind."""
        return LOGICAL_TYPES[re.split("[(<]", self.type.text)[0]]


def snake_case(header: str, fallback: str = "column") -> str:
    """Return a name of a column or dataset: `Lineitem name` is lineitem_name, `2nd` is n_2nd, `$` is the fallback."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", header.strip())
    name = _NAME.sub("_", parted.lower()).strip("_")
    return (f"n_{name}" if name[:1].isdigit() else name) or fallback


def unique_names(headers: Sequence[str]) -> list[str]:
    """Return a name for each header; one that is taken gets a number: total, total_2."""
    # A header that is a name as it is keeps it, wherever it stands.
    taken = {header for header in headers if snake_case(header, "") == header}
    names: list[str] = []
    for number, header in enumerate(headers, 1):
        wanted = snake_case(header, f"column_{number}")
        free = (f"{wanted}_{copy}" for copy in range(2, 2 * len(headers) + 2))
        own = header in taken or wanted not in taken
        names.append(wanted if own else next(name for name in free if name not in taken))
        taken.add(names[-1])
    return names


def draft_of(facts: Facts, name: str) -> ColumnDraft:
    """Return the guesses about one column."""
    kind = type_of(facts, name)
    complete = facts.rows > 0 and facts.values == facts.rows
    return ColumnDraft(
        name=name,
        header=facts.source.header if facts.source.header != name else None,
        type=kind,
        required=Guess("true", f"{_share(facts.values, facts.rows, 'row')} with a value") if complete else None,
        personal=personal(facts, name),
        rules=tuple(_rules(facts, name, kind.text)),
        example=facts.examples[0] if facts.examples else None,
    )


def type_of(facts: Facts, name: str) -> Guess:
    """Return the narrowest type that nearly all values read as; text that only looks like a number stays text."""
    if facts.source.declared is not None:
        why = "the types of all values" if facts.source.nested else "the type in the file"
        return Guess(facts.source.declared, why)
    if facts.source.nested:
        return Guess("string", "objects or lists, kept as JSON text")
    for kind in _candidates(facts, name):
        fitting = facts.fits["decimal(38,10)" if kind.startswith("decimal") else kind]
        if facts.values and fitting / facts.values >= ENOUGH:
            return Guess(kind, _share(fitting, facts.values, "value"))
    return Guess("string", "no value" if not facts.values else "no other type fits")


def _candidates(facts: Facts, name: str) -> list[str]:
    times = ["date", "timestamp"]
    if facts.padded or re.search(r"phone|zip|postal|postcode|sku|barcode|ean|gtin", name):
        return times
    # 1 and 0 are numbers before they are yes and no.
    words = facts.fits["bigint"] < facts.fits["boolean"]
    precision = min(38, max(12, facts.whole_digits + facts.scale + 2))
    decimal = f"decimal({precision},{max(2, facts.scale)})"
    numbers = ["bigint", decimal if facts.scale <= 10 else "double", "double"]  # noqa: PLR2004 -- as it was counted
    if _MONEY.search(name):  # 12 is an amount that happens to have no cents
        numbers = numbers[1:]
    return [*(["boolean"] if words else []), *numbers, *times]


def personal(facts: Facts, name: str) -> Guess | None:
    """Return what personal data a column seems to hold, by its values or by its name; None for none."""
    if facts.source.nested:  # it could not be masked
        return None
    for what, found in facts.personal.items():
        if facts.values and found / facts.values >= 0.5:  # noqa: PLR2004 -- most of them
            return Guess(what, _share(found, facts.values, "value"))
    spaced = name.replace("_", " ")
    for pattern, what in _PERSONAL_NAMES.items():
        if re.search(pattern, name) or re.search(pattern, spaced):
            return Guess(what, "by its name")
    return None


def _rules(facts: Facts, name: str, kind: str) -> list[tuple[str, Guess]]:
    """Return rules that all values of the sample keep: name and condition. They only warn: a sample is no promise."""
    if facts.values < FEW:
        return []
    why = _share(facts.values, facts.values, "value")
    if kind.partition("(")[0] in {"int", "bigint", "decimal", "double", "float"} and not facts.negative:
        return [(f"{name}_is_not_negative", Guess(f"{name} is null or {name} >= 0", why))]
    shape = facts.shapes[0][0] if len(facts.shapes) == 1 else ""
    if kind == "string" and re.search(r"9", shape) and _SIMPLE_SHAPE.fullmatch(shape):
        condition = f"{name} is null or regexp_like({name}, '{pattern_of(shape)}')"
        return [(f"{name}_has_its_form", Guess(condition, why))]
    return []


def is_measure(draft: ColumnDraft) -> bool:
    """Return whether a column holds amounts or numbers of things, which are no part of a key even if all differ."""
    numeric = draft.logical_type in {"integer", "number"}
    return numeric and _KEY_NAME.search(draft.name) is None and _CREATED.search(draft.name) is None


def unlikely_as_key(draft: ColumnDraft, facts: Facts) -> tuple[bool, bool, int]:
    """Return what sorts columns by how likely they are part of a key, the likeliest first.

    Names of identifiers such as order_number come first, then columns of many values; personal data is last.
    """
    return draft.personal is not None, _KEY_NAME.search(draft.name) is None, -facts.distinct


def version_column(drafts: Sequence[ColumnDraft]) -> str | None:
    """Return the column that most likely says when a row changed; None when no column has a time in every row."""
    times = [one for one in drafts if one.type.text in {"date", "timestamp"} and one.required]
    ranks: Sequence[Callable[[ColumnDraft], bool]] = (
        lambda one: bool(_CHANGED.search(one.name)),
        lambda one: bool(_CREATED.search(one.name)),
        lambda _: True,
    )
    return next((one.name for fits in ranks for one in times if fits(one)), None)


def _share(part: int, whole: int, noun: str) -> str:
    """Return how many of all, e.g. `all 20 values`, `97.0 % of 200 values`."""
    many = f"{whole:,} {noun}{'s' if whole != 1 else ''}"
    return f"all {many}" if part == whole else f"{100 * part / whole:.1f} % of {many}"
