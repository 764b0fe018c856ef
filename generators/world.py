"""The shop that all generated data is about: its markets, its customers and its products.

A customer or product number means the same person or thing whatever the number of rows asked for, because every
attribute is drawn from its own stream of numbers: a longer draw only adds at its end.
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker import Faker

from generators.columns import Pool
from generators.randomness import Floats, Ints, pick, stream

CHANNELS: Final = ("web", "mobile", "marketplace", "store")
PAYMENT_METHODS: Final = ("card", "paypal", "klarna", "bank_transfer", "gift_card")
CURRENCIES: Final = ("EUR", "USD", "GBP", "SEK", "PLN")
EXCHANGE_RATES: Final = np.array([1.0, 1.1, 0.86, 11.4, 4.3])  # list prices per euro, fixed: a price list, not a market

CHANNEL_SHARES: Final = np.array([0.46, 0.33, 0.14, 0.07])
PRODUCT_COUNT: Final = 5_000
CHEAP: Final = 20.0  # below this a list price may end in .49
NAMES_PER_LOCALE: Final = 150
EMAIL_DOMAINS: Final = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
LETTERS_WITHOUT_DECOMPOSITION: Final = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d"})


@dataclass(frozen=True)
class Market:
    """One country: its share of customers, its standard tax in basis points, and how it likes to pay."""

    country: str
    currency: str
    locale: str
    share: float
    tax_basis_points: int
    payment_shares: tuple[float, float, float, float, float]


MARKETS: Final = (
    Market("DE", "EUR", "de_DE", 0.24, 1900, (0.22, 0.34, 0.28, 0.13, 0.03)),
    Market("FR", "EUR", "fr_FR", 0.14, 2000, (0.66, 0.22, 0.05, 0.04, 0.03)),
    Market("GB", "GBP", "en_GB", 0.15, 2000, (0.58, 0.26, 0.11, 0.01, 0.04)),
    Market("US", "USD", "en_US", 0.10, 725, (0.68, 0.22, 0.04, 0.01, 0.05)),
    Market("SE", "SEK", "sv_SE", 0.08, 2500, (0.34, 0.06, 0.54, 0.04, 0.02)),
    Market("PL", "PLN", "pl_PL", 0.08, 2300, (0.38, 0.12, 0.10, 0.38, 0.02)),
    Market("NL", "EUR", "nl_NL", 0.07, 2100, (0.20, 0.18, 0.22, 0.38, 0.02)),
    Market("IT", "EUR", "it_IT", 0.06, 2200, (0.50, 0.38, 0.05, 0.05, 0.02)),
    Market("ES", "EUR", "es_ES", 0.05, 2100, (0.60, 0.26, 0.06, 0.06, 0.02)),
    Market("AT", "EUR", "de_AT", 0.03, 2000, (0.28, 0.30, 0.28, 0.11, 0.03)),
)
MARKET_CURRENCY: Final = np.array([CURRENCIES.index(market.currency) for market in MARKETS])
MARKET_TAX: Final = np.array([market.tax_basis_points for market in MARKETS])


@dataclass(frozen=True)
class World:
    """Arrays over customers [c] and products [p]; indices are zero-based, their identifiers start at 1.

    market, channel, payment: [c] indices into the tables above, the customer's home and habits. email: [c] text.
    loyalty: [c] cumulative weights of buying again. popularity: [p] weights of being bought.
    price: [p, currency] list price in cents.
    """

    market: Ints
    channel: Ints
    payment: Ints
    email: pa.Array
    loyalty: Floats
    popularity: Floats
    price: Ints

    @cached_property
    def email_pool(self) -> Pool:
        return Pool(self.email)


@lru_cache(maxsize=2)
def build_world(seed: int, customers: int) -> World:
    market = pick(stream(seed, "customer_market"), np.array([market.share for market in MARKETS]), customers)
    habits = stream(seed, "customer_habit").random((customers, 2))
    popularity, price = build_products(seed)
    return World(
        market=market,
        channel=np.searchsorted(np.cumsum(CHANNEL_SHARES)[:-1], habits[:, 0], side="right"),
        payment=payment_habit(market, habits[:, 1]),
        email=emails(seed, market),
        loyalty=np.cumsum(1.0 + stream(seed, "customer_loyalty").pareto(1.4, customers)),
        popularity=popularity,
        price=price,
    )


def build_products(seed: int) -> tuple[Floats, Ints]:
    """Popularity is Zipf-Mandelbrot over a random order; list prices end in 9 as shops like them."""
    rank = stream(seed, "product_popularity").permutation(PRODUCT_COUNT)
    popularity: Floats = np.power(rank + 2.7, -1.05)
    euros = np.clip(stream(seed, "product_price").lognormal(np.log(24.0), 0.95, PRODUCT_COUNT), 1.5, 2_400.0)
    local = euros[:, None] * EXCHANGE_RATES[None, :]
    step = np.where(local < CHEAP, 50, 100)  # cents
    price: Ints = np.maximum(np.rint(local * 100 / step), 1).astype(np.int64) * step - 1
    return popularity, price


def payment_habit(market: Ints, chance: Floats) -> Ints:
    cumulative = np.cumsum([market.payment_shares for market in MARKETS], axis=1)[:, :-1]
    habit: Ints = (chance[:, None] >= cumulative[market]).sum(axis=1)
    return habit


def emails(seed: int, market: Ints) -> pa.Array:
    """One address per customer, made of names of the customer's country, unique, at domains nobody can own."""
    first, last = zip(*(names(seed, locale) for locale in (market.locale for market in MARKETS)), strict=True)
    first_code, last_code = name_codes(seed, market)
    domain = (stream(seed, "customer_domain").random(len(market)) * len(EMAIL_DOMAINS)).astype(np.int64)
    return pc.binary_join_element_wise(
        pa.array(sum(first, ())).take(pa.array(first_code)),
        ".",
        pa.array(sum(last, ())).take(pa.array(last_code)),
        pc.cast(pa.array(np.arange(1, len(market) + 1)), pa.string()),
        "@",
        pa.array(EMAIL_DOMAINS).take(pa.array(domain)),
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
    plain = unicodedata.normalize("NFKD", name.lower().translate(LETTERS_WITHOUT_DECOMPOSITION))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum()) or "customer"
