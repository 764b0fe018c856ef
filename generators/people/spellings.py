"""Records as another system spells them: typing errors, other alphabets, columns swapped, values missing."""

from collections.abc import Callable, Sequence
from typing import Final

from generators.files.text import Record

TRANSLITERATED: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ł": "l", "ø": "o", "å": "aa"}
    | {"é": "e", "è": "e", "ç": "c", "ñ": "n", "ó": "o", "ż": "z", "ś": "s", "ń": "n", "í": "i", "á": "a"}
)
SHORT: Final = 4
OTHER_MAILBOX: Final = "home."


def respelt(record: Record, chance: Sequence[float]) -> Record:
    """Change the record once or twice, and return it. E-mail address or phone number still identifies the person."""
    changes = [SPELLINGS[int(chance[5] * len(SPELLINGS))]]
    if chance[6] < 0.4:  # noqa: PLR2004 - some records are worse
        changes.append(SPELLINGS[int(chance[7] * len(SPELLINGS))])
    for change in dict.fromkeys(changes):
        change(record, chance[8])
    return record


def mistype(name: str, where: float) -> str:
    """Two letters change places, or one is lost: Jonh, Jon."""
    if len(name) < SHORT:
        return name
    place = 1 + int(where * (len(name) - 2))
    if int(where * 1_000) % 2:
        return name[:place] + name[place + 1 :]
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def mistype_first(record: Record, chance: float) -> None:
    record["first_name"] = mistype(record["first_name"] or "", chance)


def mistype_last(record: Record, chance: float) -> None:
    record["last_name"] = mistype(record["last_name"] or "", chance)


def transliterate(record: Record, chance: float) -> None:
    del chance
    for column in ("first_name", "last_name", "street"):
        record[column] = (record[column] or "").translate(TRANSLITERATED)


def swap_names(record: Record, chance: float) -> None:
    del chance
    record["first_name"], record["last_name"] = record["last_name"], record["first_name"]


def capital_names(record: Record, chance: float) -> None:
    del chance
    for column in ("first_name", "last_name"):
        record[column] = (record[column] or "").upper()


def lose_phone(record: Record, chance: float) -> None:
    """Remove the phone number, where the e-mail address still identifies the person."""
    del chance
    if not (record["email"] or "").startswith(OTHER_MAILBOX):
        record["phone"] = None


def capital_email(record: Record, chance: float) -> None:
    email = record["email"] or ""
    record["email"] = email.upper() if chance < 0.3 else email.title()  # noqa: PLR2004


def email_without_dots(record: Record, chance: float) -> None:
    del chance
    local, _, domain = (record["email"] or "").partition("@")
    record["email"] = f"{local.replace('.', '')}@{domain}"


def other_address(record: Record, chance: float) -> None:
    """Change the e-mail address, where the phone number still identifies the person."""
    del chance
    if record["phone"]:
        record["email"] = f"{OTHER_MAILBOX}{record['email']}"


def abbreviate_street(record: Record, chance: float) -> None:
    del chance
    street = record["street"] or ""
    record["street"] = street.replace("straße", "str.").replace("Street", "St").replace("Avenue", "Ave")


def initial_only(record: Record, chance: float) -> None:
    del chance
    record["first_name"] = f"{(record['first_name'] or 'X')[0]}."


Spelling = Callable[[Record, float], None]
SPELLINGS: Final[tuple[Spelling, ...]] = (
    mistype_first,
    mistype_last,
    transliterate,
    swap_names,
    capital_names,
    lose_phone,
    capital_email,
    email_without_dots,
    other_address,
    abbreviate_street,
    initial_only,
)
