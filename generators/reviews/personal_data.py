"""Personal data as people write it into reviews, and numbers that only look like it. All of it is made up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

IBAN_MODULUS: Final = 97
# Country, digits of the account after the check digits, and letters that stand before them.
IBAN_SHAPES: Final = (("DE", 18, ""), ("AT", 16, ""), ("NL", 10, "ABNA"), ("GB", 14, "WEST"), ("FR", 23, ""))
CARD_PREFIXES: Final = ("411111", "400000", "555555", "510510", "222300")
CARD_DIGITS: Final = 16

Random = np.random.Generator


@dataclass(frozen=True)
class PersonalKind:
    """One kind. `sentences` have a place for the value; a decoy must be left as it is."""

    name: str
    make: Callable[[Random], str]
    sentences: tuple[str, ...]
    decoy: bool = False


def snippet(rng: Random, kind: PersonalKind) -> tuple[str, str]:
    """A value, and the sentence it stands in."""
    value = kind.make(rng)
    return value, kind.sentences[int(rng.integers(len(kind.sentences)))].format(value)


def digits(rng: Random, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count).tolist()))


def email(rng: Random) -> str:
    name = ("j.doe", "ana_maria", "k.svensson+shop", "Piotr.K", "info")[int(rng.integers(5))]
    return f"{name}{digits(rng, 3)}@{('example.com', 'mail.example.org', 'example.net')[int(rng.integers(3))]}"


def phone(rng: Random) -> str:
    shapes = ("+49 30 {}{}", "+44 20 {} {}", "+1 (212) {}-{}", "+46 70 {} {}", "0049 89 {}{}")
    first, second = str(rng.integers(200, 999)), digits(rng, 4)
    return shapes[int(rng.integers(len(shapes)))].format(first, second)


def card(rng: Random, *, valid: bool = True) -> str:
    number = CARD_PREFIXES[int(rng.integers(len(CARD_PREFIXES)))]
    number += digits(rng, CARD_DIGITS - 1 - len(number))
    check = luhn_digit(number)
    number += str(check if valid else (check + 1 + int(rng.integers(9))) % 10)
    separator = (" ", "-", "")[int(rng.integers(3))]
    return separator.join(number[start : start + 4] for start in range(0, CARD_DIGITS, 4))


def luhn_digit(number: str) -> int:
    """The digit that makes the number pass the Luhn check when it is put at its end."""
    doubled = [int(digit) * (2 - position % 2) for position, digit in enumerate(reversed(number))]
    return -sum(value - 9 if value > 9 else value for value in doubled) % 10  # noqa: PLR2004 - the sum of its digits


def iban(rng: Random, *, valid: bool = True) -> str:
    country, count, letters = IBAN_SHAPES[int(rng.integers(len(IBAN_SHAPES)))]
    account = letters + digits(rng, count)
    check = iban_check(country, account)
    if not valid:
        check = 2 + (check - 2 + 1 + int(rng.integers(95))) % 96
    number = f"{country}{check:02d}{account}"
    separator = " " if rng.integers(2) else ""
    return separator.join(number[start : start + 4] for start in range(0, len(number), 4))


def iban_check(country: str, account: str) -> int:
    """The two check digits: 98 less the remainder of the number with 00 in their place."""
    as_digits = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return IBAN_MODULUS + 1 - int(as_digits) % IBAN_MODULUS


KINDS: Final = (
    PersonalKind("email", email, ("Write to me at {} if you have questions.", "My address is {}, please answer.")),
    PersonalKind("phone", phone, ("Call me on {}.", "You can reach me under {} after 6 pm.")),
    PersonalKind("card", card, ("I paid with {} and was charged twice.", "Please refund card {}.")),
    PersonalKind("iban", iban, ("My account is {}, send the money back.", "Refund to {} please.")),
    PersonalKind(
        "not_a_card",
        lambda rng: card(rng, valid=False),
        ("The serial number is {}.", "Tracking number {} never moved."),
        decoy=True,
    ),
    PersonalKind(
        "not_an_iban",
        lambda rng: iban(rng, valid=False),
        ("The label says {}.", "Batch {} must be a bad one."),
        decoy=True,
    ),
)
