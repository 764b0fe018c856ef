"""Countries, currencies, channels and ways to pay: the tables that the codes of all generated rows point into."""

from dataclasses import dataclass
from typing import Final

import numpy as np

CHANNELS: Final = ("web", "mobile", "marketplace", "store")
PAYMENT_METHODS: Final = ("card", "paypal", "klarna", "bank_transfer", "gift_card")
CURRENCIES: Final = ("EUR", "USD", "GBP", "SEK", "PLN")


@dataclass(frozen=True)
class Market:
    """One country: its share of customers, its standard tax in basis points, and the shares of its ways to pay."""

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
COUNTRIES: Final = tuple(market.country for market in MARKETS)
