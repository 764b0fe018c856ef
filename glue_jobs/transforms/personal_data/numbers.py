r"""Payment card numbers and bank accounts in free text, found by their check digits.

Plain column expressions that Spark and DuckDB share. Text is cut into tokens that together are the whole text, each
token is judged on its own, and what is left is put together again: there is no limit to the numbers of a text.
Patterns for whole texts avoid look-around, `$` and `\b`, which Java and RE2 read differently.
"""

from collections.abc import Callable, Sequence
from typing import Final

from cartlake.engine import Column, F

CARD: Final = "[card]"
IBAN: Final = "[iban]"

OWN_ID: Final = "(?:CUS|EVT|ORD|PRD|REV|SES|VEN|VIS)-[0-9A-F]+[A-Za-z0-9_]*"
"""Our own identifiers, which may look like any number."""

IBAN_COUNTRIES: Final = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""Countries by the length of their account numbers, in characters: the registry of ISO 13616, published by SWIFT."""

MOST_GROUPS: Final = 200
"""Most groups in a run of digit groups: a longer one is cut, because it would overflow the stack of Java's matcher."""

_GROUPS_OF_A_CARD: Final = 5
_SHORTEST_CARD: Final = 13
_LONGEST_CARD: Final = 19
_DOUBLED: Final = "0246813579"  # digit by digit: twice the digit, its digits summed
_CHUNK: Final = 9
_CHUNKS: Final = 8  # of 9 digits: 34 letters are 68 digits


def with_cards_masked(text: Column) -> Column:
    """Replace payment card numbers by `[card]`: 13 to 19 digits that pass the check of Luhn, ISO/IEC 7812-1 annex B.

    Digits may stand in up to five groups parted by single spaces or hyphens, of four digits or more, the last of three
    or more, as on cards: 4-4-4-4, 4-6-5, 4-4-4-4-3. Groups around them that belong to another number are left.
    What has the shape of a bank account is no card, or many an account with a wrong digit would be one by chance.
    """
    run = f"[0-9]+(?:[ -][0-9]+){{0,{MOST_GROUPS}}}"
    tokens = f"{OWN_ID}|{IBAN_SHAPE}[A-Za-z0-9_]*|{run}|[A-Za-z_]+|[^A-Za-z0-9_]+"
    return where_likely(text, "([0-9][ -]?){12}[0-9]", lambda text: in_tokens(text, tokens, _card_token_masked))


def with_ibans_masked(text: Column) -> Column:
    """Replace bank accounts by `[iban]`: the length of their country, and check digits right modulo 97, ISO 13616-1.

    In capitals or small letters, in one piece or in groups of four parted by single spaces.
    """
    tokens = f"{OWN_ID}|{IBAN_SHAPE}[A-Za-z0-9_]*|[0-9]+|[A-Za-z_]+|[^A-Za-z0-9_]+"
    likely = "[A-Za-z]{2}[0-9]{2} ?[A-Za-z0-9]{4} ?[A-Za-z0-9]{4}"
    return where_likely(text, likely, lambda text: in_tokens(text, tokens, _iban_token_masked))


def where_likely(text: Column, pattern: str, masked: Callable[[Column], Column]) -> Column:
    """Mask texts that hold a match of `pattern`: searching takes a tenth of the time of cutting a text into tokens."""
    return let(text, lambda text: F.when(text.rlike(pattern), masked(text)).otherwise(text))


def in_tokens(text: Column, pattern: str, replaced: Callable[[Column], Column]) -> Column:
    """Cut text into the matches of `pattern`, replace each, and join them. The pattern must match all of any text."""
    tokens = F.regexp_extract_all(text, F.lit(pattern), F.lit(0))
    return F.array_join(F.transform(tokens, replaced), "")


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """Return an expression that uses a value more than once, but computes and plans it only once."""
    return F.element_at(F.transform(F.array(value), body), F.lit(1))


def _iban_shape() -> str:
    return f"(?:{'|'.join(_shape(length, countries.split()) for length, countries in IBAN_COUNTRIES.items())})"


def _shape(length: int, countries: Sequence[str]) -> str:
    groups, rest = divmod(length - 4, 4)
    names = "|".join((*countries, *(country.lower() for country in countries)))
    ending = f" ?[A-Za-z0-9]{{{rest}}}" if rest else ""
    return f"(?:{names})[0-9]{{2}}(?: ?[A-Za-z0-9]{{4}}){{{groups}}}{ending}"


IBAN_SHAPE: Final = _iban_shape()


def _iban_token_masked(token: Column) -> Column:
    masked = F.when(_remainder(token) == F.lit(1), F.lit(IBAN)).otherwise(token)
    return F.when(token.rlike(f"^{IBAN_SHAPE}$"), masked).otherwise(token)


def _remainder(account: Column) -> Column:
    letters = F.upper(F.regexp_replace(account, " ", ""))
    turned = F.concat(F.substring(letters, 5, 30), F.substring(letters, 1, 4))
    characters = F.regexp_extract_all(turned, F.lit("[0-9A-Z]"), F.lit(0))
    digits = F.array_join(F.transform(characters, _as_digits), "")
    return let(F.lpad(digits, _CHUNK * _CHUNKS, "0"), _modulo_97)


def _as_digits(character: Column) -> Column:
    """A is 10, Z is 35."""
    letter = (F.ascii(character) - F.lit(ord("A") - 10)).cast("string")
    return F.when(character.rlike("[A-Z]"), letter).otherwise(character)


def _modulo_97(digits: Column) -> Column:
    chunks = (F.substring(digits, 1 + _CHUNK * place, _CHUNK).cast("bigint") for place in range(_CHUNKS))
    weights = (pow(10, _CHUNK * (_CHUNKS - 1 - place), 97) for place in range(_CHUNKS))
    return sum((chunk * F.lit(weight) for chunk, weight in zip(chunks, weights, strict=True)), F.lit(0)) % F.lit(97)


def _card_token_masked(token: Column) -> Column:
    groups = F.regexp_extract_all(token, F.lit("[ -]?[0-9]+"), F.lit(0))
    masked = let(groups, lambda groups: let(_cards(groups), lambda cards: _without(groups, cards)))
    is_run = token.rlike("^[0-9]") & (F.length(token) >= F.lit(_SHORTEST_CARD))
    return F.when(is_run, masked).otherwise(token)


def _cards(groups: Column) -> Column:
    """Return, for every group, how many groups the longest card has that begins with it; 0 for none."""

    def longest(start: Column) -> Column:
        counts = F.sequence(F.lit(1), F.least(F.lit(_GROUPS_OF_A_CARD), F.size(groups) - start + F.lit(1)))
        return F.array_max(F.transform(counts, lambda count: _card_size(_joined(groups, start, count), count)))

    return F.transform(F.sequence(F.lit(1), F.size(groups)), longest)


def _joined(groups: Column, start: Column, count: Column) -> Column:
    places = F.sequence(start, start + count - F.lit(1))
    return F.array_join(F.transform(places, lambda place: F.element_at(groups, place)), "")


def _card_size(candidate: Column, count: Column) -> Column:
    """`count` when the candidate is a card, else 0."""
    is_shaped = candidate.rlike("^[ -]?([0-9]{4,}[ -])*[0-9]{3,}$")
    is_card = let(_digits(candidate), _passes_luhn)
    return F.when(is_shaped, F.when(is_card, count).otherwise(F.lit(0))).otherwise(F.lit(0))


def _passes_luhn(digits: Column) -> Column:
    has_length = F.length(digits).between(_SHORTEST_CARD, _LONGEST_CARD)
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
    """Return the groups joined, with a mask for every card; cards that overlap have one mask."""

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
