"""The shop that all generated data is about: its customers, and what it offers at which price.

A customer or product number means the same person or thing whatever the number of rows asked for, because every
attribute is drawn from its own stream of numbers: a longer draw only adds at its end.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa

from generators.randomness import Floats, Ints, pick, stream
from generators.shop.markets import CURRENCIES, MARKETS
from generators.shop.names import emails

EXCHANGE_RATES: Final = np.array([1.0, 1.1, 0.86, 11.4, 4.3])  # list prices per euro, fixed: a price list, not a market
CHANNEL_SHARES: Final = np.array([0.46, 0.33, 0.14, 0.07])
MAX_CUSTOMERS: Final = 500_000
PRODUCT_COUNT: Final = 5_000
CHEAP: Final = 20.0  # below this a list price may end in .49
EURO: Final = CURRENCIES.index("EUR")
CATEGORIES: Final = (
    *("apparel", "shoes", "home", "kitchen", "garden"),
    *("toys", "sports", "beauty", "electronics", "books"),
)


@dataclass(frozen=True)
class Offer:
    """What the shop sells. popularity: [p] weights of being bought. price: [p, currency] list price in cents.

    Products are zero-based; their identifiers start at 1. Lines are drawn and priced from an offer, so an offer that
    changes from day to day changes what is bought and what it costs.
    """

    popularity: Floats
    price: Ints


@dataclass(frozen=True)
class Shop:
    """Arrays over customers [c], who are zero-based; their identifiers start at 1.

    market, channel, payment: [c] codes into the tables of `generators.shop.markets`, the customer's home and habits.
    email: [c] text. loyalty: [c] cumulative weights of buying again.
    """

    market: Ints
    channel: Ints
    payment: Ints
    email: pa.Array
    loyalty: Floats
    offer: Offer


@lru_cache(maxsize=2)
def build_shop(seed: int, customers: int) -> Shop:
    """The shop of this seed with so many customers."""
    market = pick(stream(seed, "customer_market"), np.array([market.share for market in MARKETS]), customers)
    habits = stream(seed, "customer_habit").random((customers, 2))
    return Shop(
        market=market,
        channel=np.searchsorted(np.cumsum(CHANNEL_SHARES)[:-1], habits[:, 0], side="right"),
        payment=payment_habit(market, habits[:, 1]),
        email=emails(seed, market),
        loyalty=np.cumsum(1.0 + stream(seed, "customer_loyalty").pareto(1.4, customers)),
        offer=price_list(seed),
    )


def price_list(seed: int) -> Offer:
    """Popularity is Zipf-Mandelbrot over a random order; list prices end in 9."""
    rank = stream(seed, "product_popularity").permutation(PRODUCT_COUNT)
    euros = np.clip(stream(seed, "product_price").lognormal(np.log(24.0), 0.95, PRODUCT_COUNT), 1.5, 2_400.0)
    local = euros[:, None] * EXCHANGE_RATES[None, :]
    step = np.where(local < CHEAP, 50, 100)  # cents
    price = np.maximum(np.rint(local * 100 / step), 1).astype(np.int64) * step - 1
    return Offer(np.power(rank + 2.7, -1.05), price)


def payment_habit(market: Ints, chance: Floats) -> Ints:
    """The usual way to pay of each customer, by the shares of the country."""
    cumulative = np.cumsum([market.payment_shares for market in MARKETS], axis=1)[:, :-1]
    habit: Ints = (chance[:, None] >= cumulative[market]).sum(axis=1)
    return habit
