"""Clean order lines as numpy arrays: the numbers, before any file format.

What a line costs is decided by `assemble`: the list price, the quantity of the basket, the discount of the order and
the tax of its country.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from generators.randomness import Bools, Ints
from generators.shop.markets import MARKET_CURRENCY, MARKET_TAX
from generators.shop.shop import Offer

ORDER_NUMBERS: Final = 1 << 40  # ten hexadecimal digits
SCRAMBLER: Final = 0x9E3779B97F | 1  # odd, so that multiplying by it permutes the order numbers


@dataclass(frozen=True)
class OrderLines:
    """Columns of one length [n]: one row per order line.

    Money is in cents, times are Unix seconds (UTC), codes index the tables of `markets` and `lifecycle`, `order` is the
    number behind order_id, `customer` and `product` are zero-based. `mailed`: whether the e-mail address is known.
    """

    order: Ints
    line: Ints
    customer: Ints
    product: Ints
    status: Ints
    channel: Ints
    payment: Ints
    market: Ints
    currency: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints
    tax: Ints
    total: Ints
    ordered_at: Ints
    updated_at: Ints
    mailed: Bools

    def __len__(self) -> int:
        return len(self.order)

    def take(self, rows: Ints) -> "OrderLines":
        """The rows at these zero-based positions, in their order."""
        return OrderLines(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @staticmethod
    def concat(parts: "list[OrderLines]") -> "OrderLines":
        names = [field.name for field in fields(OrderLines)]
        return OrderLines(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class Basket:
    """What is bought, one array element per line: `order` is zero-based within its chunk, `line` counts from 1."""

    order: Ints
    line: Ints
    product: Ints
    quantity: Ints


@dataclass(frozen=True)
class Orders:
    """What the lines of an order share, one array element per order; units as in `OrderLines`."""

    customer: Ints
    market: Ints
    channel: Ints
    payment: Ints
    percent_off: Ints
    status: Ints
    ordered_at: Ints
    updated_at: Ints
    mailed: Bools


def assemble(offer: Offer, orders: Orders, first_order: int, basket: Basket) -> OrderLines:
    """The lines of a chunk of orders, at the prices of the offer."""
    of_order = basket.order
    currency = MARKET_CURRENCY[orders.market][of_order]
    unit_price = offer.price[basket.product, currency]
    tax_rate = MARKET_TAX[orders.market][of_order]
    discount, tax, total = priced(basket.quantity, unit_price, orders.percent_off[of_order], tax_rate)
    return OrderLines(
        order=order_identifiers(first_order + of_order),
        line=basket.line,
        customer=orders.customer[of_order],
        product=basket.product,
        status=orders.status[of_order],
        channel=orders.channel[of_order],
        payment=orders.payment[of_order],
        market=orders.market[of_order],
        currency=currency,
        quantity=basket.quantity,
        unit_price=unit_price,
        discount=discount,
        tax=tax,
        total=total,
        ordered_at=orders.ordered_at[of_order],
        updated_at=orders.updated_at[of_order],
        mailed=orders.mailed[of_order],
    )


def order_identifiers(numbers: Ints) -> Ints:
    """The numbers behind order_id: another one for each order number, and not consecutive."""
    # The multiplication may overflow: the 40 bits that are kept stay right.
    return (numbers * SCRAMBLER) & (ORDER_NUMBERS - 1)


def priced(quantity: Ints, unit_price: Ints, percent_off: Ints, tax_basis_points: Ints) -> tuple[Ints, Ints, Ints]:
    """Discount, tax and total of lines, in cents."""
    value = quantity * unit_price
    discount = rounded_share(value, percent_off, 100)
    tax = rounded_share(value - discount, tax_basis_points, 10_000)
    return discount, tax, value - discount + tax


def rounded_share(cents: Ints, numerator: Ints, denominator: int) -> Ints:
    """The cents * numerator / denominator, half a cent rounded up; nothing here is negative."""
    return (cents * numerator * 2 + denominator) // (denominator * 2)
