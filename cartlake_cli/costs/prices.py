"""The price table: list prices of AWS in USD, by service and item, with the date they are of."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

Prices = Mapping[str, Mapping[str, float]]

PRICES: Final = Path(__file__).with_name("prices.toml")
AS_OF: Final = "as_of"


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices in USD by service and item, and the day they were read from AWS's pages."""

    as_of: date
    usd: Prices


@cache
def price_table() -> PriceTable:
    """Return the price table."""
    read = tomllib.loads(PRICES.read_text())
    return PriceTable(read[AS_OF], {service: items for service, items in read.items() if service != AS_OF})


def prices() -> Prices:
    """Return the prices in USD, by service and item."""
    return price_table().usd
