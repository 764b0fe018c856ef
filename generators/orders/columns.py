"""Order lines as the columns of the contract `transactions`."""

from typing import Final

import numpy as np

from generators.files.arrays import Batch, amounts, chosen, hex_identifiers, identifiers, instants, texts
from generators.orders.lifecycle import STATUSES
from generators.orders.lines import OrderLines
from generators.shop.markets import CHANNELS, COUNTRIES, CURRENCIES, PAYMENT_METHODS
from generators.shop.shop import Shop

STATUS_NAMES: Final = texts(STATUSES)
CHANNEL_NAMES: Final = texts(CHANNELS)
PAYMENT_NAMES: Final = texts(PAYMENT_METHODS)
COUNTRY_CODES: Final = texts(COUNTRIES)
CURRENCY_CODES: Final = texts(CURRENCIES)


def transaction_batch(lines: OrderLines, shop: Shop) -> Batch:
    """The columns of these lines; `shop` knows the e-mail addresses."""
    return {
        "order_id": hex_identifiers("ORD-", lines.order, 10),
        "line_number": lines.line,
        "customer_id": identifiers("CUS-", lines.customer + 1, 7),
        "customer_email": chosen(shop.email, np.where(lines.mailed, lines.customer, -1)),
        "product_id": identifiers("PRD-", lines.product + 1, 5),
        "order_status": chosen(STATUS_NAMES, lines.status),
        "channel": chosen(CHANNEL_NAMES, lines.channel),
        "payment_method": chosen(PAYMENT_NAMES, lines.payment),
        "country_code": chosen(COUNTRY_CODES, lines.market),
        "currency": chosen(CURRENCY_CODES, lines.currency),
        "quantity": lines.quantity,
        "unit_price": amounts(lines.unit_price),
        "discount_amount": amounts(lines.discount),
        "tax_amount": amounts(lines.tax),
        "line_total": amounts(lines.total),
        "ordered_at": instants(lines.ordered_at),
        "updated_at": instants(lines.updated_at),
    }
