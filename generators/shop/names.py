"""Names and e-mail addresses of customers, as usual in their country."""

import unicodedata
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker import Faker

from generators.files.arrays import as_texts, chosen, texts
from generators.randomness import Ints, stream
from generators.shop.markets import MARKETS

NAMES_PER_LOCALE: Final = 150
EMAIL_DOMAINS: Final = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
LETTERS_WITHOUT_DECOMPOSITION: Final = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d"})


def emails(seed: int, market: Ints) -> pa.Array:
    """One address per customer, made of names of the customer's country, unique, at domains reserved for examples."""
    first, last = zip(*(names(seed, market.locale) for market in MARKETS), strict=True)
    first_code, last_code = name_codes(seed, market)
    domain = (stream(seed, "customer_domain").random(len(market)) * len(EMAIL_DOMAINS)).astype(np.int64)
    return pc.binary_join_element_wise(
        chosen(texts(sum(first, ())), first_code),
        ".",
        chosen(texts(sum(last, ())), last_code),
        as_texts(np.arange(1, len(market) + 1)),
        "@",
        chosen(texts(EMAIL_DOMAINS), domain),
        "",
    )


def name_codes(seed: int, market: Ints) -> tuple[Ints, Ints]:
    """First and last name of each customer: positions in the names of all markets, one after the other."""
    chosen = (stream(seed, "customer_name").random((len(market), 2)) * NAMES_PER_LOCALE).astype(np.int64)
    start = market * NAMES_PER_LOCALE
    return start + chosen[:, 0], start + chosen[:, 1]


def names(seed: int, locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """First and last names of one locale, as they look in an e-mail address."""
    first, last = spelt_names(seed, locale)
    return tuple(map(mailable, first)), tuple(map(mailable, last))


@lru_cache(maxsize=2 * len(MARKETS))
def spelt_names(seed: int, locale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same names as people write them."""
    faker = Faker(locale)
    faker.seed_instance(f"{seed} {locale}")
    return (
        tuple(faker.first_name() for _ in range(NAMES_PER_LOCALE)),
        tuple(faker.last_name() for _ in range(NAMES_PER_LOCALE)),
    )


def mailable(name: str) -> str:
    """The name in lower-case ASCII letters and digits."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(LETTERS_WITHOUT_DECOMPOSITION))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum()) or "customer"
