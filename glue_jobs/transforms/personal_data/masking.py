"""Personal data in free text: e-mail addresses, bank accounts, payment cards and phone numbers, masked.

What is found:

- e-mail addresses: a local part of RFC 5322 atoms and a domain with a dot, with the letters of European languages;
- bank accounts and cards: `numbers`;
- phone numbers of 7 to 15 digits (ITU-T E.164), written
  - internationally, after + or 00: +4930123456, +49 (0)30 123456, +1 (212) 555-0123, 0033 1 23 45 67 89;
  - nationally with the trunk prefix 0: 030 1234567, (030) 123 45 67, 0171/1234567, 01.23.45.67.89;
  - as in North America: (212) 555-0123, 212-555-0123, 1.212.555.0123;
  - as in Poland and Spain, three times three digits: 512-345-678, and with spaces those of Polish mobile phones.

Not found: numbers that only a word before them identifies, digits written as words, addresses with " at ".
Never taken for a phone: our identifiers, dates, digits glued to letters (1200x800), and numbers with the shape of a
card or an account whose check digits are wrong. Two phone numbers with nothing but a space between them are one mask,
and so is a phone number with further groups of digits after it.

Masks hold neither digits nor @, so masking twice changes nothing.
"""

from typing import Final

from cartlake.engine import Column, F
from glue_jobs.transforms.personal_data.numbers import (
    IBAN_SHAPE,
    OWN_ID,
    in_tokens,
    where_likely,
    with_cards_masked,
    with_ibans_masked,
)

EMAIL: Final = "[email]"
PHONE: Final = "[phone]"

_LETTER: Final = "A-Za-z0-9\u00c0-\u024f"  # Latin of Europe: \u00c0 to \u024f
_DOMAIN: Final = f"[{_LETTER}-]+([.][{_LETTER}-]+){{0,20}}[.][A-Za-z\u00c0-\u024f]{{2,}}"
_EMAIL: Final = f"[{_LETTER}_][{_LETTER}.!#$%&'*+?^_{{}}~=-]{{0,63}}@{_DOMAIN}"

_PART: Final = "(?: ?[/-] ?| ?[(]|[)][ -]?|[ .])?"
_MORE: Final = f"(?:{_PART}[0-9]{{2,}}){{0,40}}"  # a single digit is no group: "... 5 stars"
_INTERNATIONAL: Final = f"(?:[+] ?|00 ?)[1-9][0-9]{{0,2}}(?: ?[(]0[)])?{_PART}[0-9]+{_MORE}"
_NATIONAL: Final = f"(?:[(]0[0-9]{{1,5}}[)]|0[1-9][0-9]*){_MORE}"
_AMERICAN: Final = "(?:1[ .-])?(?:[(][2-9][0-9]{2}[)][ -]?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"
_THREES: Final = "[4-9][0-9]{2}-[0-9]{3}-[0-9]{3}|(?:45|5[0137]|6[0369]|7[2389]|88)[0-9] [0-9]{3} [0-9]{3}"
_PHONE: Final = f"(?:{_INTERNATIONAL}|{_NATIONAL}|{_AMERICAN}|{_THREES})"

_DATE: Final = (
    "(?:(?:0?[1-9]|[12][0-9]|3[01])[./-](?:0?[1-9]|1[0-2])[./-](?:19|20)[0-9]{2}"
    "|(?:19|20)[0-9]{2}[./-](?:0?[1-9]|1[0-2])[./-](?:0?[1-9]|[12][0-9]|3[01]))"
)
_NO_PHONES: Final = (
    OWN_ID,
    f"{IBAN_SHAPE}[A-Za-z0-9_]*",
    "[1-9][0-9]{3}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?[A-Za-z0-9_]*",  # the shape of a card
    _DATE,
)
_REST: Final = ("[A-Za-z0-9_]+", "[^A-Za-z0-9_+(]+", "[+(]")
_PHONE_TOKENS: Final = "|".join((*_NO_PHONES, f"{_PHONE}[0-9]*", *_REST))


def masked(text: Column) -> Column:
    """Mask the personal data of a text. For texts without digits and @ that takes one regular expression."""
    # Accounts before cards before phones: each is a number the next one might take for its own.
    without = with_phones_masked(with_cards_masked(with_ibans_masked(with_emails_masked(text))))
    return F.when(text.rlike("[0-9@]"), without).otherwise(text)


def with_emails_masked(text: Column) -> Column:
    """Replace e-mail addresses by `[email]`."""
    return where_likely(text, "@", lambda text: F.regexp_replace(text, _EMAIL, EMAIL))


def with_phones_masked(text: Column) -> Column:
    """Replace phone numbers by `[phone]`."""
    return where_likely(
        text, "([0-9][ ()./-]{0,6}){6}[0-9]", lambda text: in_tokens(text, _PHONE_TOKENS, _phone_masked)
    )


def _phone_masked(token: Column) -> Column:
    count = F.length(F.regexp_replace(token, "[^0-9]", ""))
    # Longer than a phone number: two of them when there are gaps, something else when there are none.
    is_long_enough = (count >= F.lit(7)) & ((count <= F.lit(15)) | token.rlike("[0-9][^0-9]+[0-9]"))
    is_phone = token.rlike(f"^{_PHONE}$") & ~token.rlike(f"^{_DATE}$")
    return F.when(is_long_enough & is_phone, F.lit(PHONE)).otherwise(token)
