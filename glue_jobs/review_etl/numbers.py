"""Payment card numbers and bank accounts in free text, found by their check digits.

Plain column expressions that Spark and DuckDB share. Text is cut into tokens that together are the whole text, each
token is judged on its own, and what is left is put together again: there is no limit to the numbers of a text.
Patterns know nothing of look-around, `$` and `\\b`, which Java and RE2 read differently.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from cartlake.engine import Column, F

CARD: Final = "[card]"
IBAN: Final = "[iban]"

OWN_ID: Final = "(?:CUS|EVT|ORD|PRD|REV|SES|VEN|VIS)-[0-9A-F]+"
"""Our own identifiers, which may look like any number."""

IBAN_LENGTHS: Final = {
    **{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29},
    **{"BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29},
    **{"ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28},
    **{"HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20},
    **{"LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19},
    **{"MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29},
    **{"PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24},
    **{"SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20},
    "YE": 30,
}
"""Length of the IBANs of every country: the registry of ISO 13616, kept by SWIFT."""

MOST_GROUPS: Final = 200
"""Of a run of digit groups, so that Java's matcher keeps its stack. A longer run is cut."""

_GROUPS_OF_A_CARD: Final = 5
_LONGEST_CARD: Final = 19
_DOUBLED: Final = "0246813579"  # digit by digit: twice the digit, its digits summed
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHUNK: Final = 9
_CHUNKS: Final = 8  # of 9 digits: 34 letters are 68 digits


def with_cards_masked(text: Column) -> Column:
    """Replace payment card numbers by `[card]`: 13 to 19 digits that pass the check of Luhn, ISO/IEC 7812-1 annex B.

    Digits may stand in up to five groups parted by single spaces or hyphens, all but the last of four digits or more,
    as on cards: 4-4-4-4, 4-6-5, 4-4-4-4-3. Groups before and after that belong to another number are told apart.
    """
    run = f"[0-9]+(?:[ -][0-9]+){{0,{MOST_GROUPS}}}"
    tokens = f"{OWN_ID}|{run}|[A-Za-z]+|[^A-Za-z0-9]+"
    return in_tokens(text, tokens, lambda run: F.when(_digits(run).rlike("[0-9]{13}"), _run_masked(run)).otherwise(run))


def with_ibans_masked(text: Column) -> Column:
    """Replace bank accounts by `[iban]`: the length of their country, and check digits right modulo 97, ISO 13616-1.

    In capitals or small letters, in one piece or in groups of four parted by single spaces.
    """
    tokens = f"{IBAN_SHAPE}[A-Za-z0-9_]*|[A-Za-z0-9_]+|[^A-Za-z0-9_]+"
    return in_tokens(
        text, tokens, lambda token: F.when(token.rlike(f"^{IBAN_SHAPE}$"), _iban_masked(token)).otherwise(token)
    )


def in_tokens(text: Column, pattern: str, replaced: Callable[[Column], Column]) -> Column:
    """Cut text into the matches of `pattern`, replace each, and join them. The pattern must match all of any text."""
    tokens = F.regexp_extract_all(text, F.lit(pattern), F.lit(0))
    return F.array_join(F.transform(tokens, replaced), "")


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """An expression that uses a value more than once, without the value being computed, or planned, more than once."""
    return F.element_at(F.transform(F.array(value), body), F.lit(1))


def _iban_shape() -> str:
    countries = defaultdict(list)
    for country, length in IBAN_LENGTHS.items():
        countries[length - 4].extend((country, country.lower()))
    shapes = []
    for length, names in sorted(countries.items()):
        groups, rest = divmod(length, 4)
        ending = f"(?: ?[A-Za-z0-9]{{{rest}}})" if rest else ""
        shapes.append(f"(?:{'|'.join(names)})[0-9]{{2}}(?: ?[A-Za-z0-9]{{4}}){{{groups}}}{ending}")
    return f"(?:{'|'.join(shapes)})"


IBAN_SHAPE: Final = _iban_shape()


def _iban_masked(token: Column) -> Column:
    letters = F.upper(F.regexp_replace(token, " ", ""))
    turned = F.concat(F.substring(letters, 5, 30), F.substring(letters, 1, 4))
    characters = F.regexp_extract_all(turned, F.lit("[0-9A-Z]"), F.lit(0))
    digits = F.array_join(F.transform(characters, _as_digits), "")
    remainder = let(F.lpad(digits, _CHUNK * _CHUNKS, "0"), _modulo_97)
    return F.when(remainder == F.lit(1), F.lit(IBAN)).otherwise(token)


def _as_digits(character: Column) -> Column:
    """A is 10, Z is 35."""
    place = F.instr(F.lit(_ALPHABET), character)
    return F.when(place > F.lit(0), (place + F.lit(9)).cast("string")).otherwise(character)


def _modulo_97(digits: Column) -> Column:
    chunks = (F.substring(digits, 1 + _CHUNK * place, _CHUNK).cast("bigint") for place in range(_CHUNKS))
    weights = (pow(10, _CHUNK * (_CHUNKS - 1 - place), 97) for place in range(_CHUNKS))
    return sum((chunk * F.lit(weight) for chunk, weight in zip(chunks, weights, strict=True)), F.lit(0)) % F.lit(97)


def _run_masked(run: Column) -> Column:
    groups = F.regexp_extract_all(run, F.lit("[ -]?[0-9]+"), F.lit(0))
    return let(groups, lambda groups: let(_cards(groups), lambda cards: _without(groups, cards)))


def _cards(groups: Column) -> Column:
    """For every group, how many groups the longest card has that begins with it; 0 for none."""

    def longest(start: Column) -> Column:
        counts = F.sequence(F.lit(1), F.least(F.lit(_GROUPS_OF_A_CARD), F.size(groups) - start + F.lit(1)))
        return F.array_max(F.transform(counts, lambda count: _card_size(_joined(groups, start, count), count)))

    return F.transform(F.sequence(F.lit(1), F.size(groups)), longest)


def _joined(groups: Column, start: Column, count: Column) -> Column:
    places = F.sequence(start, start + count - F.lit(1))
    return F.array_join(F.transform(places, lambda place: F.element_at(groups, place)), "")


def _card_size(candidate: Column, count: Column) -> Column:
    """`count` when the candidate is a card, else 0."""
    is_shaped = candidate.rlike("^[ -]?([0-9]{4,}[ -])*[0-9]+$")
    is_card = let(_digits(candidate), _passes_luhn)
    return F.when(is_shaped, F.when(is_card, count).otherwise(F.lit(0))).otherwise(F.lit(0))


def _passes_luhn(digits: Column) -> Column:
    has_length = F.length(digits).between(13, _LONGEST_CARD)
    # Zeros in front change nothing: places are counted from the right.
    total = let(F.lpad(digits, _LONGEST_CARD, "0"), _luhn_sum)
    return F.when(has_length, total % F.lit(10) == F.lit(0)).otherwise(F.lit(False))  # noqa: FBT003


def _luhn_sum(digits: Column) -> Column:
    def digit(place: int) -> Column:
        single = F.substring(digits, place, 1)
        is_doubled = (_LONGEST_CARD - place) % 2 == 1
        return (F.translate(single, "0123456789", _DOUBLED) if is_doubled else single).cast("int")

    return sum((digit(place) for place in range(1, _LONGEST_CARD + 1)), F.lit(0))


def _without(groups: Column, cards: Column) -> Column:
    """The groups joined, with a mask for every card; cards that overlap have one mask."""

    def group(place: Column) -> Column:
        earlier = F.filter(
            F.sequence(F.lit(1), F.size(groups)),
            lambda start: (start < place) & (start + F.element_at(cards, start) > place),
        )
        begins = F.element_at(cards, place) > F.lit(0)
        masked = F.regexp_replace(F.element_at(groups, place), "[0-9]+", CARD)
        return F.when(F.size(earlier) > F.lit(0), F.lit("")).when(begins, masked).otherwise(F.element_at(groups, place))

    return F.array_join(F.transform(F.sequence(F.lit(1), F.size(groups)), group), "")


def _digits(text: Column) -> Column:
    return F.regexp_replace(text, "[^0-9]", "")
