"""Normalise values as people write them, to compare them: null where nothing is left to compare.

Everything here gives the same on Spark and on DuckDB, which is why the capitals that their `lower` treats differently
are replaced first, and why likenesses are computed of ASCII letters only: `levenshtein` counts characters in Spark and
bytes in DuckDB.
"""

from functools import reduce

from cartlake.engine import Column, F

SURE = 1000
"""The likeness of equal values. Likenesses are whole thousandths: rounded once, and then exact on every engine."""
SHORTENED = 860
"""How alike `Anna` and `Anna Maria` are: one is the other without its last words."""
INITIAL = 700
"""How alike `A.` and `Anna` are."""
SHARED_MAILBOXES = ("admin", "contact", "hello", "info", "kontakt", "mail", "noreply", "office", "sales", "shop")
"""Mailboxes of organisations: two records with one of these need not be one person."""

# Java has rules of its own for the Turkish dotted I and for a sigma at the end of a word.
_CAPITALS = ("\u0130\u03a3\u1e9e", "i\u03c3\u00df")
_APOSTROPHES = "'`\u2019\u00b4"
_ACCENTS = {
    "a": "àáâãäåāăąæ",
    "c": "çćčĉ",
    "d": "ďđð",
    "e": "èéêëēėęě",
    "g": "ğģĝ",
    "h": "ĥ",
    "i": "ìíîïīįı",
    "j": "ĵ",
    "k": "ķ",
    "l": "ĺļľł",
    "n": "ñńņňŋ",
    "o": "òóôõöøōőœ",
    "r": "ŕř",
    "s": "śşšșŝ",
    "t": "ţťțþ",
    "u": "ùúûüūůűų",
    "w": "ŵ",
    "y": "ýÿŷ",
    "z": "źżž",
}
# `Müller` is also spelt `Mueller`, where a keyboard has no ü, and `Muller`.
_DIGRAPHS = {"ß": "ss", "ae": "a", "oe": "o", "ue": "u"}
_STREET_WORDS = {"strasse": "str", "street": "st", "avenue": "ave", "road": "rd", "platz": "pl"}
_SOUNDS = {"1": "bfpv", "2": "cgjkqsxz", "3": "dt", "4": "l", "5": "mn", "6": "r"}
_SILENT = "aeiouyhw "


def letters(text: Column) -> Column:
    """Return lower case without accents, apostrophes and punctuation; words with one space between.

    `Müller-Lüdenscheidt`, `MUELLER LUEDENSCHEIDT` and `Muller Ludenscheidt` are one. Scripts other than Latin keep
    their letters.
    """
    lowered = F.regexp_replace(F.lower(F.translate(text, *_CAPITALS)), r"\p{M}+", "")
    accents = "".join(_ACCENTS.values())
    plain = "".join(letter * len(accented) for letter, accented in _ACCENTS.items())
    unaccented = F.translate(lowered, accents + _APOSTROPHES, plain)
    spelt = _replaced(unaccented, _DIGRAPHS)
    return _or_null(F.trim(F.regexp_replace(spelt, r"[^\p{L}0-9]+", " ")))


def sound(folded: Column) -> Column:
    """Return digits for the groups of consonants of Soundex, without its first letter: `meyer` and `maier` are 56.

    DuckDB has no Soundex. For blocking only; too coarse to say which records are one person.
    """
    loud = "".join(_SOUNDS.values())
    digits = "".join(digit * len(alike) for digit, alike in _SOUNDS.items())
    return _replaced(F.translate(folded, loud + _SILENT, digits), {digit * 2: digit for digit in _SOUNDS})


def mailbox(email: Column) -> Column:
    """Return the address in lower case without its `+tag`; null for what is no address, or one of an organisation."""
    lowered = F.regexp_replace(F.lower(F.translate(email, *_CAPITALS)), r"\s+", "")
    untagged = F.regexp_replace(lowered, "[+][^@]*@", "@")
    is_address = untagged.rlike(r"^[^@]+@[^@]+[.][a-z]{2,}\z")
    is_shared = untagged.rlike(f"^({'|'.join(SHARED_MAILBOXES)})@")
    return F.when(is_address & ~is_shared, untagged)


def street_name(street: Column) -> Column:
    """Return the street without its number and spaces: `Hauptstraße 12` and `12 Haupt-Str.` are `hauptstr`."""
    joined = F.regexp_replace(letters(street), "[0-9 ]+", "")
    return _or_null(_replaced(joined, _STREET_WORDS))


def house_number(street: Column) -> Column:
    """Return the first number in the street, as text; null when there is none."""
    return _or_null(F.regexp_extract(street, "([0-9]+)", 1))


def area(country_code: Column, postal_code: Column) -> Column:
    """Return country and postal code, without its spaces and dashes; null without a postal code."""
    code = _or_null(F.upper(F.regexp_replace(postal_code, "[^0-9A-Za-z]+", "")))
    return F.when(code.isNotNull(), F.concat_ws(":", country_code, code))


def likeness(left: Column, right: Column) -> Column:
    """Return how alike two values of `letters` are, in thousandths (int): 1000 * (1 - edits / length of the longer),
    rounded down, with the edits counted as by Levenshtein (1966).

    Null when one is missing. A name that is the other's first words is SHORTENED, its first letter an INITIAL. Values
    beyond ASCII are equal, SURE, or not, 0.
    """
    longer = F.greatest(F.length(left), F.length(right))
    edited = F.floor(F.lit(SURE) * (longer - F.levenshtein(left, right)) / longer).cast("int")
    latin = r"^[a-z0-9 ]+\z"
    return (
        F.when(left.isNull() | right.isNull(), F.lit(None).cast("int"))
        .when(left == right, F.lit(SURE))
        .when(_begins(left, right) | _begins(right, left), F.lit(SHORTENED))
        .when(_is_initial(left, right) | _is_initial(right, left), F.lit(INITIAL))
        .when(left.rlike(latin) & right.rlike(latin), edited)
        .otherwise(F.lit(0))
    )


def _begins(whole: Column, part: Column) -> Column:
    return (F.length(part) > F.lit(1)) & whole.startswith(F.concat(part, F.lit(" ")))


def _is_initial(whole: Column, part: Column) -> Column:
    return (F.length(part) == F.lit(1)) & whole.startswith(part)


def _replaced(text: Column, pairs: dict[str, str]) -> Column:
    return reduce(lambda column, pair: F.replace(column, F.lit(pair[0]), F.lit(pair[1])), pairs.items(), text)


def _or_null(text: Column) -> Column:
    return F.when(text != F.lit(""), text)
