"""Kinds of dirt, and those that any dataset can have: small faults as in real files.

A kind spoils one clean record in place. `choice` (0 or more) picks among variants of the fault. A kind that must break
a rule may break others too, when the rules overlap: an empty price also fails to add up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from generators.files.text import Record

MALFORMED: Final = "malformed_row"
FUTURE_YEAR: Final = "2099"  # still in the future whenever the files are read
MOST_DIRTY: Final = 0.5  # of the rows

Spoil = Callable[[Record, int], None]

ANY_FORMAT: Final = frozenset({"csv", "jsonl", "parquet"})
TEXT_ONLY: Final = frozenset({"csv", "jsonl"})
CSV_ONLY: Final = frozenset({"csv"})


@dataclass(frozen=True)
class DirtKind:
    """One fault. `rules` are names of row rules, `malformed_row` or `uncastable:<column>`.

    formats: those that can hold it; a typed format cannot hold text in a column of numbers.
    """

    name: str
    rules: tuple[str, ...]
    spoil: Spoil
    formats: frozenset[str]


def put(column: str, *values: str | None) -> Spoil:
    def spoil(record: Record, choice: int) -> None:
        record[column] = values[choice % len(values)]

    return spoil


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


def break_columns(record: Record, choice: int) -> None:
    """One column too many, or too few."""
    if choice % 2:
        record["_surplus"] = "unexpected"
    else:
        for column in list(record)[-1 - choice % 3 :]:
            del record[column]


MALFORMED_ROW: Final = DirtKind("malformed_row", (MALFORMED,), break_columns, CSV_ONLY)


def check_dirty(share: float) -> None:
    """Raises ValueError when the share of dirty rows is not between 0 and 0.5."""
    if not 0 <= share <= MOST_DIRTY:
        raise ValueError(f"dirty={share}: give a share of rows from 0 to {MOST_DIRTY}")
